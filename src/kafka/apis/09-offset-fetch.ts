/**
 * OffsetFetch: Committed offsets of a group. Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  offsetFetchRequest as request,
  offsetFetchResponse as response,
} from '../../wire/messages/09-offset-fetch.ts';
import { defineApi } from '../api.ts';

export const offsetFetch = defineApi({ request, response });
