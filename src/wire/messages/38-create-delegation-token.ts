/** CreateDelegationToken, API key 38. Source: the Kafka protocol guide. */
import { array, bytes, int16, int32, int64, message, string } from '../message.ts';

export const createDelegationTokenRequest = message(
  'CreateDelegationTokenRequest',
  { key: 38, versions: [1, 3], flexible: 2 },
  {
    ownerPrincipalType: string({ since: 3, nullable: 3 }),
    ownerPrincipalName: string({ since: 3, nullable: 3 }),
    renewers: array({
      principalType: string(),
      principalName: string(),
    }),
    maxLifetimeMs: int64(),
  },
);

export const createDelegationTokenResponse = message(
  'CreateDelegationTokenResponse',
  { key: 38, versions: [1, 3], flexible: 2 },
  {
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string({ since: 3 }),
    tokenRequesterPrincipalName: string({ since: 3 }),
    issueTimestampMs: int64(),
    expiryTimestampMs: int64(),
    maxTimestampMs: int64(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32(),
  },
);
