/**
 * SaslHandshake: choice of a SASL mechanism. Source: the Kafka protocol guide; KIP-43, KIP-152.
 *
 * Relayed, so that a client authenticates with the broker itself, unless the gateway uses its own
 * credentials for the cluster: a connection cannot have two identities, so the client's is refused.
 * Version 0, whose tokens are not in Kafka frames, is not served.
 */
import {
  saslHandshakeRequest as request,
  saslHandshakeResponse as response,
} from '../../wire/messages/17-sasl-handshake.ts';
import { touchesNothing } from '../access.ts';
import { defineApi } from '../api.ts';
import { errorCodes } from '../../wire/errors.ts';

export const saslHandshake = defineApi({
  request,
  response,
  advertisedMin: 1,
  deviations: [
    'Refused with UNSUPPORTED_SASL_MECHANISM and no mechanisms where the gateway logs in to the ' +
      'cluster for its clients (`--kafka-identity gateway`, with credentials).',
  ],
  touches: touchesNothing,
  onRequest({ mechanism }, { version, clientsLogIn, logger, clientId }) {
    if (!clientsLogIn) {
      const why = 'the gateway logs in itself: clients use no SASL, or set --kafka-identity client';
      logger.warn({ clientId, mechanism }, `the SASL login of a client was refused: ${why}`);
      return { answer: { errorCode: errorCodes.UNSUPPORTED_SASL_MECHANISM, mechanisms: [] } };
    }
    return version === 0
      ? { answer: { errorCode: errorCodes.UNSUPPORTED_VERSION, mechanisms: [] } }
      : 'relay';
  },
});
