/** AlterUserScramCredentials, API key 51. Source: the Kafka protocol guide. */
import { array, bytes, int16, int32, int8, message, string } from '../message.ts';

export const alterUserScramCredentialsRequest = message(
  'AlterUserScramCredentialsRequest',
  { key: 51, versions: [0, 0], flexible: 0 },
  {
    deletions: array({
      name: string(),
      mechanism: int8(),
    }),
    upsertions: array({
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
);

export const alterUserScramCredentialsResponse = message(
  'AlterUserScramCredentialsResponse',
  { key: 51, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
    }),
  },
);
