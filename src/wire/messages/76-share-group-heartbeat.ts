/** ShareGroupHeartbeat, API key 76. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, message, string, struct, uuid } from '../message.ts';

export const shareGroupHeartbeatRequest = message(
  'ShareGroupHeartbeatRequest',
  { key: 76, versions: [1, 1], flexible: 0 },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string({ nullable: 0, default: null }),
    subscribedTopicNames: arrayOf(string(), { nullable: 0, default: null }),
  },
);

const topicPartitions = {
  topicId: uuid(),
  partitions: arrayOf(int32()),
};

export const shareGroupHeartbeatResponse = message(
  'ShareGroupHeartbeatResponse',
  { key: 76, versions: [1, 1], flexible: 0 },
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
