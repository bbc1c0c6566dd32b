/**
 * OffsetDelete: Removal of committed offsets. Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  offsetDeleteRequest as request,
  offsetDeleteResponse as response,
} from '../../wire/messages/47-offset-delete.ts';
import { defineApi } from '../api.ts';

export const offsetDelete = defineApi({ request, response });
