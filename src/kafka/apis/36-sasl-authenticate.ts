/** SaslAuthenticate: SASL exchanges. Relayed as it is. Source: the Kafka protocol guide. */
import {
  saslAuthenticateRequest as request,
  saslAuthenticateResponse as response,
} from '../../wire/messages/36-sasl-authenticate.ts';
import { touchesNothing } from '../access.ts';
import { defineApi } from '../api.ts';

export const saslAuthenticate = defineApi({
  request,
  response,
  touches: touchesNothing,
});
