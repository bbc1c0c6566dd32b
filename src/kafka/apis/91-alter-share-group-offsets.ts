/**
 * AlterShareGroupOffsets: Offsets of share groups (KIP-932). Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  alterShareGroupOffsetsRequest as request,
  alterShareGroupOffsetsResponse as response,
} from '../../wire/messages/91-alter-share-group-offsets.ts';
import { onGroup, onTopicNames } from '../access.ts';
import { defineApi } from '../api.ts';

export const alterShareGroupOffsets = defineApi({
  request,
  response,
  touches: ({ groupId, topics }) => [
    onGroup('Read', groupId),
    ...onTopicNames('Read', namesOf(topics)),
  ],
});

function namesOf(topics: readonly { readonly topicName: string }[]): string[] {
  return topics.map(({ topicName }) => topicName);
}
