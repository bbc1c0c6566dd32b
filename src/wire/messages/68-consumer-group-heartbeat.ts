/** ConsumerGroupHeartbeat, API key 68. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, message, string, struct, uuid } from '../message.ts';

export const consumerGroupHeartbeatRequest = message(
  'ConsumerGroupHeartbeatRequest',
  { key: 68, versions: [0, 1], flexible: 0 },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string({ nullable: 0, default: null }),
    rackId: string({ nullable: 0, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    subscribedTopicNames: arrayOf(string(), { nullable: 0, default: null }),
    subscribedTopicRegex: string({ since: 1, nullable: 1, default: null }),
    serverAssignor: string({ nullable: 0, default: null }),
    topicPartitions: array(
      {
        topicId: uuid(),
        partitions: arrayOf(int32()),
      },
      { nullable: 0, default: null },
    ),
  },
);

const topicPartitions = {
  topicId: uuid(),
  partitions: arrayOf(int32()),
};

export const consumerGroupHeartbeatResponse = message(
  'ConsumerGroupHeartbeatResponse',
  { key: 68, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0, default: null }),
    memberId: string({ nullable: 0, default: null }),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct(
      {
        topicPartitions: array(topicPartitions),
      },
      { nullable: 0, default: null },
    ),
  },
);
