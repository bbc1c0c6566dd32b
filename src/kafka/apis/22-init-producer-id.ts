/**
 * InitProducerId: Idempotent and transactional producers. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  initProducerIdRequest as request,
  initProducerIdResponse as response,
} from '../../wire/messages/22-init-producer-id.ts';
import { defineApi } from '../api.ts';

export const initProducerId = defineApi({ request, response });
