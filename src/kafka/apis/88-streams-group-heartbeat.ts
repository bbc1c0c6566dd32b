/**
 * StreamsGroupHeartbeat: Members of a streams group (KIP-1071). Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  streamsGroupHeartbeatRequest as request,
  streamsGroupHeartbeatResponse as response,
} from '../../wire/messages/88-streams-group-heartbeat.ts';
import { defineApi } from '../api.ts';

export const streamsGroupHeartbeat = defineApi({ request, response });
