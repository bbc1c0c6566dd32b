/**
 * ConsumerGroupHeartbeat: members of a group whose coordinator assigns. Source: KIP-848. A member
 * gets the partitions whose leases it can take; when leases move from or to KCL workers, it gets a
 * new assignment.
 */
import {
  consumerGroupHeartbeatRequest as request,
  consumerGroupHeartbeatResponse as response,
} from '../../wire/messages/68-consumer-group-heartbeat.ts';
import { onAllTopics, onGroup, onTopicNames } from '../access.ts';
import { type Call, defineApi } from '../api.ts';
import { tableNotReady } from '../errors.ts';
import { errorCodes } from '../../wire/errors.ts';
import type { GroupPartition } from '../../domain/leases/group-offset.ts';

type TopicPartitions = { readonly topicId: string; readonly partitions: readonly number[] };

export const consumerGroupHeartbeat = defineApi({
  request,
  response,
  deviations: ['Partitions whose leases KCL workers hold are not assigned.'],
  touches: ({ groupId, subscribedTopicNames, subscribedTopicRegex }) => [
    onGroup('Read', groupId),
    ...onTopicNames('Describe', subscribedTopicNames ?? []),
    ...(subscribedTopicRegex ? [onAllTopics('Describe')] : []),
  ],
  onRequest(asked, { groups }) {
    const { groupId, memberId, memberEpoch, topicPartitions: owned } = asked;
    if (!groups.hasTable(groupId)) return 'relay';
    // The partitions that it owns are named if they changed since the last time.
    return { relay: asked, note: { groupId, memberId, isLeaving: memberEpoch < 0, owned } };
  },
  async onResponse(answer, call, note) {
    const { groups, logger } = call;
    if (note === undefined || answer.errorCode !== errorCodes.NONE) return undefined;
    const { groupId, isLeaving, owned, ...asked } = note;
    const memberId = answer.memberId ?? asked.memberId;
    if (isLeaving) {
      await groups.keepers.leave(groupId, memberId);
      return undefined;
    }
    const { connection } = call;
    const member = { memberId, clientId: call.clientId ?? '', isClassic: false, connection };
    groups.keepers.heard(groupId, member);
    try {
      if (owned !== null) {
        const { partitions } = await named(owned, call);
        await groups.keepers.owns(groupId, member, partitions);
      }
      const isAsked = groups.keepers.mustRejoin(groupId, memberId);
      if (answer.assignment === null && !isAsked) return undefined;
      const given = await givenTo(groupId, memberId, answer.assignment?.topicPartitions, call);
      if (given === undefined) return undefined;
      const { partitions, names } = given;
      const held = await groups.keepers.assign(groupId, member, partitions, true);
      if (answer.assignment !== null && held.length === partitions.length) return undefined;
      return { ...answer, assignment: { topicPartitions: byTopicId(held, names) } };
    } catch (error) {
      logger.warn({ groupId, error }, 'the leases of a member cannot be had');
      return { ...answer, errorCode: tableNotReady, assignment: null };
    }
  },
});

/** The member's present or latest assignment from Kafka; undefined if it is not known. */
async function givenTo(
  groupId: string,
  memberId: string,
  now: readonly TopicPartitions[] | undefined,
  call: Call,
) {
  if (now !== undefined) return named(now, call);
  const partitions = call.groups.keepers.assignedTo(groupId, memberId);
  if (partitions === undefined) return undefined;
  const names = await call.groups.topicNames([]);
  return { partitions, names };
}

async function named(now: readonly TopicPartitions[], { groups }: Call) {
  const ids = now.map(({ topicId }) => topicId);
  const names = await groups.topicNames(ids);
  // A topic that is not a stream is identified by its id only.
  const partitions = now.flatMap(({ topicId, partitions: indexes }) =>
    indexes.map((partition) => ({ topic: names.get(topicId) ?? topicId, partition })),
  );
  return { partitions, names };
}

function byTopicId(
  held: readonly GroupPartition[],
  names: ReadonlyMap<string, string>,
): TopicPartitions[] {
  const ids = new Map([...names].map(([topicId, name]) => [name, topicId]));
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of held) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  }
  return [...topics].map(([topic, partitions]) => ({
    topicId: ids.get(topic) ?? topic,
    partitions,
  }));
}
