/**
 * DeleteShareGroupOffsets: Offsets of share groups (KIP-932). Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  deleteShareGroupOffsetsRequest as request,
  deleteShareGroupOffsetsResponse as response,
} from '../../wire/messages/92-delete-share-group-offsets.ts';
import { onGroup, onTopicNames } from '../access.ts';
import { defineApi } from '../api.ts';

export const deleteShareGroupOffsets = defineApi({
  request,
  response,
  touches: ({ groupId, topics }) => [
    onGroup('Delete', groupId),
    ...onTopicNames('Read', namesOf(topics)),
  ],
});

function namesOf(topics: readonly { readonly topicName: string }[]): string[] {
  return topics.map(({ topicName }) => topicName);
}
