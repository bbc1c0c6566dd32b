/** DescribeDelegationToken, API key 41. Source: the Kafka protocol guide. */
import { array, bytes, int16, int32, int64, message, string } from '../message.ts';

export const describeDelegationTokenRequest = message(
  'DescribeDelegationTokenRequest',
  { key: 41, versions: [1, 3], flexible: 2 },
  {
    owners: array(
      {
        principalType: string(),
        principalName: string(),
      },
      { nullable: 0 },
    ),
  },
);

export const describeDelegationTokenResponse = message(
  'DescribeDelegationTokenResponse',
  { key: 41, versions: [1, 3], flexible: 2 },
  {
    errorCode: int16(),
    tokens: array({
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string({ since: 3 }),
      tokenRequesterPrincipalName: string({ since: 3 }),
      issueTimestamp: int64(),
      expiryTimestamp: int64(),
      maxTimestamp: int64(),
      tokenId: string(),
      hmac: bytes(),
      renewers: array({
        principalType: string(),
        principalName: string(),
      }),
    }),
    throttleTimeMs: int32(),
  },
);
