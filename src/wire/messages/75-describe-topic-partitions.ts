/** DescribeTopicPartitions, API key 75. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, message, string, struct, uuid } from '../message.ts';

export const describeTopicPartitionsRequest = message(
  'DescribeTopicPartitionsRequest',
  { key: 75, versions: [0, 0], flexible: 0 },
  {
    topics: array({
      name: string(),
    }),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullable: 0, default: null },
    ),
  },
);

export const describeTopicPartitionsResponse = message(
  'DescribeTopicPartitionsResponse',
  { key: 75, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: 0 }),
      topicId: uuid(),
      isInternal: bool(),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ default: -1 }),
        replicaNodes: arrayOf(int32()),
        isrNodes: arrayOf(int32()),
        eligibleLeaderReplicas: arrayOf(int32(), { nullable: 0, default: null }),
        lastKnownElr: arrayOf(int32(), { nullable: 0, default: null }),
        offlineReplicas: arrayOf(int32()),
      }),
      topicAuthorizedOperations: int32({ default: -2147483648 }),
    }),
    nextCursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullable: 0, default: null },
    ),
  },
);
