/**
 * DescribeShareGroupOffsets: Offsets of share groups (KIP-932). Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  describeShareGroupOffsetsRequest as request,
  describeShareGroupOffsetsResponse as response,
} from '../../wire/messages/90-describe-share-group-offsets.ts';
import type { Access } from '../../access/authorizer.ts';
import type { Decoded } from '../../wire/message.ts';
import { onAllTopics, onGroup, onTopicNames } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeShareGroupOffsets = defineApi({
  request,
  response,
  touches: touched,
});

function touched({ groups }: Decoded<(typeof request)['fields']>): readonly Access[] {
  return groups.flatMap(({ groupId, topics }) => [
    onGroup('Describe', groupId),
    ...(topics === null
      ? [onAllTopics('Describe')]
      : onTopicNames(
          'Describe',
          topics.map(({ topicName }) => topicName),
        )),
  ]);
}
