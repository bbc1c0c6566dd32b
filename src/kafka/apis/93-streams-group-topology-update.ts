/**
 * StreamsGroupTopologyDescriptionUpdate: how the application of a streams group processes records
 * (KIP-1331), for a broker that has a plugin to keep it. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  streamsGroupTopologyDescriptionUpdateRequest as request,
  streamsGroupTopologyDescriptionUpdateResponse as response,
} from '../../wire/messages/93-streams-group-topology-update.ts';
import { onGroup } from '../access.ts';
import { defineApi } from '../api.ts';

export const streamsGroupTopologyDescriptionUpdate = defineApi({
  request,
  response,
  touches: ({ groupId }) => onGroup('Read', groupId),
});
