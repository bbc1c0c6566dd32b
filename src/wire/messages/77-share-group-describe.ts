/** ShareGroupDescribe, API key 77. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, message, string, struct, uuid } from '../message.ts';

export const shareGroupDescribeRequest = message(
  'ShareGroupDescribeRequest',
  { key: 77, versions: [1, 1], flexible: 0 },
  {
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
  },
);

const topicPartitions = {
  topicId: uuid(),
  topicName: string(),
  partitions: arrayOf(int32()),
};

const assignment = {
  topicPartitions: array(topicPartitions),
};

export const shareGroupDescribeResponse = message(
  'ShareGroupDescribeResponse',
  { key: 77, versions: [1, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      assignorName: string(),
      members: array({
        memberId: string(),
        rackId: string({ nullable: 0, default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: arrayOf(string()),
        assignment: struct(assignment),
      }),
      authorizedOperations: int32({ default: -2147483648 }),
    }),
  },
);
