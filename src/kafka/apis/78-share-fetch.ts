/**
 * ShareFetch: records of a share group. Source: KIP-932; KIP-951 for NodeEndpoints. The addresses
 * in a response are replaced by those of the gateway's ports; records pass by reference.
 */
import {
  shareFetchRequest as request,
  shareFetchResponse as response,
} from '../../wire/messages/78-share-fetch.ts';
import type { Access } from '../../access/authorizer.ts';
import type { Decoded } from '../../wire/message.ts';
import { onAllTopics, onGroup, onTopics } from '../access.ts';
import { type Call, defineApi } from '../api.ts';

const firstEpoch = 0;

export const shareFetch = defineApi({
  request,
  response,
  touches: touched,
  onResponse(answer, { brokers }) {
    if (answer.nodeEndpoints.length === 0) return undefined;
    return brokers
      .advertiseAll(answer.nodeEndpoints)
      .then((nodeEndpoints) => ({ ...answer, nodeEndpoints }));
  },
});

/** The acknowledged topics, and those of the connection's share session. */
function touched(
  {
    groupId,
    memberId,
    shareSessionEpoch,
    topics,
    forgottenTopicsData,
  }: Decoded<(typeof request)['fields']>,
  call: Call,
): readonly Access[] {
  const session = call.connection.session.fetchedShares;
  const key = `${groupId ?? ''} ${memberId ?? ''}`;
  const group = onGroup('Read', groupId ?? '');
  const named = onTopics('Read', topics, call);
  const added = topics.map(({ topicId, partitions }) => ({
    topic: topicId,
    partitions: partitions.map(({ partitionIndex }) => partitionIndex),
  }));
  if (shareSessionEpoch === firstEpoch) session.begin(key, added);
  if (shareSessionEpoch <= firstEpoch) return [group, ...named];
  const forgotten = forgottenTopicsData.map(({ topicId: topic, partitions }) => ({
    topic,
    partitions,
  }));
  const read = session.goOn(key, added, forgotten);
  if (read === undefined) return [group, ...named, onAllTopics('Read')];
  return [
    group,
    ...onTopics(
      'Read',
      read.map((topicId) => ({ topicId })),
      call,
    ),
  ];
}
