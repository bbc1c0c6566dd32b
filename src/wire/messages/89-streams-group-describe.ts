/** StreamsGroupDescribe, API key 89. Source: the Kafka protocol guide. */
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

export const streamsGroupDescribeRequest = message(
  'StreamsGroupDescribeRequest',
  { key: 89, versions: [0, 1], flexible: 0 },
  {
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
    includeTopologyDescription: bool({ since: 1 }),
  },
);

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

const assignment = {
  activeTasks: array(taskIds),
  standbyTasks: array(taskIds),
  warmupTasks: array(taskIds),
};

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

const topologyNode = {
  name: string({ since: 1 }),
  nodeType: int8({ since: 1 }),
  sourceTopics: arrayOf(string(), { since: 1 }),
  sinkTopic: string({ since: 1, nullable: 1, default: null }),
  stores: arrayOf(string(), { since: 1 }),
  successors: arrayOf(string(), { since: 1 }),
};

const topologyDescription = {
  subtopologies: array(
    { subtopologyId: string({ since: 1 }), nodes: array(topologyNode, { since: 1 }) },
    { since: 1 },
  ),
  globalStores: array(
    {
      source: struct(topologyNode, { since: 1 }),
      processor: struct(topologyNode, { since: 1 }),
    },
    { since: 1 },
  ),
};

export const streamsGroupDescribeResponse = message(
  'StreamsGroupDescribeResponse',
  { key: 89, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      topology: struct(
        {
          epoch: int32(),
          subtopologies: array(
            {
              subtopologyId: string(),
              sourceTopics: arrayOf(string()),
              repartitionSinkTopics: arrayOf(string()),
              stateChangelogTopics: array(topicInfo),
              repartitionSourceTopics: array(topicInfo),
            },
            { nullable: 0, default: null },
          ),
        },
        { nullable: 0, default: null },
      ),
      members: array({
        memberId: string(),
        memberEpoch: int32(),
        instanceId: string({ nullable: 0, default: null }),
        rackId: string({ nullable: 0, default: null }),
        clientId: string(),
        clientHost: string(),
        topologyEpoch: int32(),
        processId: string(),
        userEndpoint: struct(endpoint, { nullable: 0, default: null }),
        clientTags: array(keyValue),
        taskOffsets: array(taskOffset),
        taskEndOffsets: array(taskOffset),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        isClassic: bool(),
      }),
      authorizedOperations: int32({ default: -2147483648 }),
      topologyDescription: struct(topologyDescription, {
        since: 1,
        nullable: 1,
        default: null,
      }),
      topologyDescriptionStatus: int8({ since: 1 }),
      assignorName: string({ since: 1, nullable: 1, default: null }),
    }),
  },
);
