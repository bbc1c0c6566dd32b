/**
 * DeleteShareGroupOffsets: Offsets of share groups (KIP-932). Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  deleteShareGroupOffsetsRequest as request,
  deleteShareGroupOffsetsResponse as response,
} from '../../wire/messages/92-delete-share-group-offsets.ts';
import { defineApi } from '../api.ts';

export const deleteShareGroupOffsets = defineApi({ request, response });
