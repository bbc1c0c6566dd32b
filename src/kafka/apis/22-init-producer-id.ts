/**
 * InitProducerId: Idempotent and transactional producers. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  initProducerIdRequest as request,
  initProducerIdResponse as response,
} from '../../wire/messages/22-init-producer-id.ts';
import { onCluster, onTransactionalId } from '../access.ts';
import { defineApi } from '../api.ts';

export const initProducerId = defineApi({
  request,
  response,
  touches: ({ transactionalId }) =>
    transactionalId === null
      ? onCluster('IdempotentWrite')
      : onTransactionalId('Write', transactionalId),
});
