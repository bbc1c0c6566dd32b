/**
 * AlterShareGroupOffsets: Offsets of share groups (KIP-932). Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  alterShareGroupOffsetsRequest as request,
  alterShareGroupOffsetsResponse as response,
} from '../../wire/messages/91-alter-share-group-offsets.ts';
import { defineApi } from '../api.ts';

export const alterShareGroupOffsets = defineApi({ request, response });
