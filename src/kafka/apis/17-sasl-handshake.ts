/**
 * SaslHandshake: Choice of a SASL mechanism. Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  saslHandshakeRequest as request,
  saslHandshakeResponse as response,
} from '../../wire/messages/17-sasl-handshake.ts';
import { defineApi } from '../api.ts';

export const saslHandshake = defineApi({ request, response });
