/**
 * PushTelemetry: Client telemetry (KIP-714). Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  pushTelemetryRequest as request,
  pushTelemetryResponse as response,
} from '../../wire/messages/72-push-telemetry.ts';
import { touchesNothing } from '../access.ts';
import { defineApi } from '../api.ts';

export const pushTelemetry = defineApi({
  request,
  response,
  touches: touchesNothing,
});
