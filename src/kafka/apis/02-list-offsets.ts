/**
 * ListOffsets: Offsets by time, earliest and latest. Relayed as it is. Source: the Kafka protocol
 * guide.
 */
import {
  listOffsetsRequest as request,
  listOffsetsResponse as response,
} from '../../wire/messages/02-list-offsets.ts';
import { onTopics } from '../access.ts';
import { defineApi } from '../api.ts';

export const listOffsets = defineApi({
  request,
  response,
  touches: (asked, call) => onTopics('Describe', asked.topics, call),
});
