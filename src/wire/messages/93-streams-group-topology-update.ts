/** StreamsGroupTopologyDescriptionUpdate, API key 93. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, int8, message, string, struct } from '../message.ts';

const node = {
  name: string(),
  nodeType: int8(),
  sourceTopics: arrayOf(string()),
  sinkTopic: string({ nullable: 0, default: null }),
  stores: arrayOf(string()),
  successors: arrayOf(string()),
};

export const streamsGroupTopologyDescriptionUpdateRequest = message(
  'StreamsGroupTopologyDescriptionUpdateRequest',
  { key: 93, versions: [0, 0], flexible: 0 },
  {
    groupId: string(),
    memberId: string(),
    topologyEpoch: int32(),
    topologyDescription: struct({
      subtopologies: array({ subtopologyId: string(), nodes: array(node) }),
      globalStores: array({ source: struct(node), processor: struct(node) }),
    }),
  },
);

export const streamsGroupTopologyDescriptionUpdateResponse = message(
  'StreamsGroupTopologyDescriptionUpdateResponse',
  { key: 93, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0, default: null }),
  },
);
