/**
 * ConsumerGroupHeartbeat: Members of a KIP-848 group. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  consumerGroupHeartbeatRequest as request,
  consumerGroupHeartbeatResponse as response,
} from '../../wire/messages/68-consumer-group-heartbeat.ts';
import { defineApi } from '../api.ts';

export const consumerGroupHeartbeat = defineApi({ request, response });
