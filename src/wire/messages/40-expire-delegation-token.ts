/** ExpireDelegationToken, API key 40. Source: the Kafka protocol guide. */
import { bytes, int16, int32, int64, message } from '../message.ts';

export const expireDelegationTokenRequest = message(
  'ExpireDelegationTokenRequest',
  { key: 40, versions: [1, 2], flexible: 2 },
  {
    hmac: bytes(),
    expiryTimePeriodMs: int64(),
  },
);

export const expireDelegationTokenResponse = message(
  'ExpireDelegationTokenResponse',
  { key: 40, versions: [1, 2], flexible: 2 },
  {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
);
