/** StreamsGroupHeartbeat, API key 88. Source: the Kafka protocol guide. */
import {
  array,
  arrayOf,
  bool,
  int16,
  int32,
  int64,
  int8,
  message,
  string,
  struct,
  uint16,
} from '../message.ts';

const keyValue = {
  key: string(),
  value: string(),
};

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(keyValue),
};

const endpoint = {
  host: string(),
  port: uint16(),
};

const taskOffset = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
};

const taskIds = {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
};

export const streamsGroupHeartbeatRequest = message(
  'StreamsGroupHeartbeatRequest',
  { key: 88, versions: [0, 1], flexible: 0 },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string({ nullable: 0, default: null }),
    rackId: string({ nullable: 0, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: struct(
      {
        epoch: int32(),
        subtopologies: array({
          subtopologyId: string(),
          sourceTopics: arrayOf(string()),
          sourceTopicRegex: arrayOf(string()),
          stateChangelogTopics: array(topicInfo),
          repartitionSinkTopics: arrayOf(string()),
          repartitionSourceTopics: array(topicInfo),
          copartitionGroups: array({
            sourceTopics: arrayOf(int16()),
            sourceTopicRegex: arrayOf(int16()),
            repartitionSourceTopics: arrayOf(int16()),
          }),
        }),
      },
      { nullable: 0, default: null },
    ),
    activeTasks: array(taskIds, { nullable: 0, default: null }),
    standbyTasks: array(taskIds, { nullable: 0, default: null }),
    warmupTasks: array(taskIds, { nullable: 0, default: null }),
    processId: string({ nullable: 0, default: null }),
    userEndpoint: struct(endpoint, { nullable: 0, default: null }),
    clientTags: array(keyValue, { nullable: 0, default: null }),
    taskOffsets: array(taskOffset, { nullable: 0, default: null }),
    taskEndOffsets: array(taskOffset, { nullable: 0, default: null }),
    shutdownApplication: bool(),
  },
);

const status = {
  statusCode: int8(),
  statusDetail: string(),
};

const topicPartition = {
  topic: string(),
  partitions: arrayOf(int32()),
};

const respondedTaskIds = {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
};

const respondedEndpoint = {
  host: string(),
  port: uint16(),
};

export const streamsGroupHeartbeatResponse = message(
  'StreamsGroupHeartbeatResponse',
  { key: 88, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0, default: null }),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLagLegacy: int32({ until: 0 }),
    taskOffsetIntervalMs: int32(),
    acceptableRecoveryLag: int64({ since: 1, default: -1n }),
    status: array(status, { nullable: 0 }),
    activeTasks: array(respondedTaskIds, { nullable: 0, default: null }),
    standbyTasks: array(respondedTaskIds, { nullable: 0, default: null }),
    warmupTasks: array(respondedTaskIds, { nullable: 0, default: null }),
    topologyDescriptionRequired: bool({ since: 1 }),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: array(
      {
        userEndpoint: struct(respondedEndpoint),
        activePartitions: array(topicPartition),
        standbyPartitions: array(topicPartition),
      },
      { nullable: 0, default: null },
    ),
  },
);
