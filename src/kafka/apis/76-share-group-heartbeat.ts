/**
 * ShareGroupHeartbeat: Members of a share group (KIP-932). Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  shareGroupHeartbeatRequest as request,
  shareGroupHeartbeatResponse as response,
} from '../../wire/messages/76-share-group-heartbeat.ts';
import { onGroup, onTopicNames } from '../access.ts';
import { defineApi } from '../api.ts';

export const shareGroupHeartbeat = defineApi({
  request,
  response,
  touches: ({ groupId, subscribedTopicNames }) => [
    onGroup('Read', groupId),
    ...onTopicNames('Describe', subscribedTopicNames ?? []),
  ],
});
