/** RenewDelegationToken, API key 39. Source: the Kafka protocol guide. */
import { bytes, int16, int32, int64, message } from '../message.ts';

export const renewDelegationTokenRequest = message(
  'RenewDelegationTokenRequest',
  { key: 39, versions: [1, 2], flexible: 2 },
  {
    hmac: bytes(),
    renewPeriodMs: int64(),
  },
);

export const renewDelegationTokenResponse = message(
  'RenewDelegationTokenResponse',
  { key: 39, versions: [1, 2], flexible: 2 },
  {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
);
