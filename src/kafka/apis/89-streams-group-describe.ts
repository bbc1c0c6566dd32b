/**
 * StreamsGroupDescribe: Streams groups as the coordinator sees them (KIP-1071). Relayed as it is.
 * Source: the Kafka protocol guide.
 */
import {
  streamsGroupDescribeRequest as request,
  streamsGroupDescribeResponse as response,
} from '../../wire/messages/89-streams-group-describe.ts';
import { onAllTopics, onGroups } from '../access.ts';
import { defineApi } from '../api.ts';

export const streamsGroupDescribe = defineApi({
  request,
  response,
  touches: ({ groupIds }) => [
    ...onGroups('Describe', groupIds),
    // Those of the topology, which the answer has.
    onAllTopics('Describe'),
  ],
});
