/**
 * DescribeShareGroupOffsets: Offsets of share groups (KIP-932). Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  describeShareGroupOffsetsRequest as request,
  describeShareGroupOffsetsResponse as response,
} from '../../wire/messages/90-describe-share-group-offsets.ts';
import { defineApi } from '../api.ts';

export const describeShareGroupOffsets = defineApi({ request, response });
