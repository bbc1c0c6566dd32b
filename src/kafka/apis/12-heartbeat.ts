/** Heartbeat: Members of a classic group. Relayed as it is. Source: the Kafka protocol guide. */
import {
  heartbeatRequest as request,
  heartbeatResponse as response,
} from '../../wire/messages/12-heartbeat.ts';
import { defineApi } from '../api.ts';

export const heartbeat = defineApi({ request, response });
