/** GetTelemetrySubscriptions, API key 71. Source: the Kafka protocol guide. */
import { arrayOf, bool, int16, int32, int8, message, string, uuid } from '../message.ts';

export const getTelemetrySubscriptionsRequest = message(
  'GetTelemetrySubscriptionsRequest',
  { key: 71, versions: [0, 0], flexible: 0 },
  {
    clientInstanceId: uuid(),
  },
);

export const getTelemetrySubscriptionsResponse = message(
  'GetTelemetrySubscriptionsResponse',
  { key: 71, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: arrayOf(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: arrayOf(string()),
  },
);
