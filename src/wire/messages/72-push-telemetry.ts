/** PushTelemetry, API key 72. Source: the Kafka protocol guide. */
import { bool, bytes, int16, int32, int8, message, uuid } from '../message.ts';

export const pushTelemetryRequest = message(
  'PushTelemetryRequest',
  { key: 72, versions: [0, 0], flexible: 0 },
  {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
);

export const pushTelemetryResponse = message(
  'PushTelemetryResponse',
  { key: 72, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
);
