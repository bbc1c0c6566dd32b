/**
 * GetTelemetrySubscriptions: Client telemetry (KIP-714). Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  getTelemetrySubscriptionsRequest as request,
  getTelemetrySubscriptionsResponse as response,
} from '../../wire/messages/71-get-telemetry-subscriptions.ts';
import { touchesNothing } from '../access.ts';
import { defineApi } from '../api.ts';

export const getTelemetrySubscriptions = defineApi({
  request,
  response,
  touches: touchesNothing,
});
