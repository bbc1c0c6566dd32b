/** SaslAuthenticate, API key 36. Source: the Kafka protocol guide. */
import { bytes, int16, int64, message, string } from '../message.ts';

export const saslAuthenticateRequest = message(
  'SaslAuthenticateRequest',
  { key: 36, versions: [0, 2], flexible: 2 },
  {
    authBytes: bytes(),
  },
);

export const saslAuthenticateResponse = message(
  'SaslAuthenticateResponse',
  { key: 36, versions: [0, 2], flexible: 2 },
  {
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
    authBytes: bytes(),
    sessionLifetimeMs: int64({ since: 1 }),
  },
);
