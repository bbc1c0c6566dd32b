/** SaslHandshake, API key 17. Source: the Kafka protocol guide. */
import { arrayOf, int16, message, string } from '../message.ts';

export const saslHandshakeRequest = message(
  'SaslHandshakeRequest',
  { key: 17, versions: [0, 1] },
  {
    mechanism: string(),
  },
);

export const saslHandshakeResponse = message(
  'SaslHandshakeResponse',
  { key: 17, versions: [0, 1] },
  {
    errorCode: int16(),
    mechanisms: arrayOf(string()),
  },
);
