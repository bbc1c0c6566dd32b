/** ConsumerGroupDescribe, API key 69. Source: the Kafka protocol guide. */
import {
  array,
  arrayOf,
  bool,
  int16,
  int32,
  int8,
  message,
  string,
  struct,
  uuid,
} from '../message.ts';

export const consumerGroupDescribeRequest = message(
  'ConsumerGroupDescribeRequest',
  { key: 69, versions: [0, 1], flexible: 0 },
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

export const consumerGroupDescribeResponse = message(
  'ConsumerGroupDescribeResponse',
  { key: 69, versions: [0, 1], flexible: 0 },
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
        instanceId: string({ nullable: 0, default: null }),
        rackId: string({ nullable: 0, default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: arrayOf(string()),
        subscribedTopicRegex: string({ nullable: 0, default: null }),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: int8({ since: 1, default: -1 }),
      }),
      authorizedOperations: int32({ default: -2147483648 }),
    }),
  },
);
