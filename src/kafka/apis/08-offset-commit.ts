/**
 * OffsetCommit: commits of a group. Source: the Kafka protocol guide; KIP-848 for member epochs.
 *
 * The group's coordinator validates and stores the commit first, then the lease table gets it, and
 * then the client gets the response. A commit outside of a generation (by an administrator, or a
 * consumer without a group) takes the leases from the KCL workers that hold them, so that they
 * continue from there. A member's commit for a partition that a KCL worker holds is refused.
 *
 * Kafka accepts negative offsets, which mean that there is no committed offset; OffsetFetch returns
 * them. In the lease table, the shard is at TRIM_HORIZON then.
 */
import {
  offsetCommitRequest as request,
  offsetCommitResponse as response,
} from '../../wire/messages/08-offset-commit.ts';
import type { Decoded } from '../../wire/message.ts';
import { toOffset } from '../../domain/streams/stream.ts';
import type { GroupOffsets } from '../../groups/group-offsets.ts';
import { onGroup, onTopics } from '../access.ts';
import { defineApi } from '../api.ts';
import { tableNotReady } from '../errors.ts';
import { errorCodes } from '../../wire/errors.ts';
import type { GroupOffset } from '../../domain/leases/group-offset.ts';

const topicIdsSince = 10;

type Request = Decoded<(typeof request)['fields']>;
type Topics = readonly {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[];
}[];

export const offsetCommit = defineApi({
  request,
  response,
  deviations: [
    'Answered when the lease table has the commit too; ' +
      'COORDINATOR_LOAD_IN_PROGRESS where it cannot.',
    'Negative offsets, which Kafka takes for none, set leases that are there to TRIM_HORIZON.',
    'REBALANCE_IN_PROGRESS or STALE_MEMBER_EPOCH for partitions whose leases KCL workers hold.',
  ],
  touches: ({ groupId, topics }, call) => [
    onGroup('Read', groupId),
    ...onTopics('Read', topics, call),
  ],
  onRequest(asked, { groups }) {
    if (!groups.hasTable(asked.groupId)) return 'relay';
    const kept = withoutLost(asked, groups);
    if (kept === asked || kept.topics.length > 0) return { relay: kept, note: asked };
    return { answer: { topics: answered(asked, [], new Map(), lostCode(asked, groups)) } };
  },
  async onResponse(answer, { groups, version }, asked) {
    if (asked === undefined) return undefined;
    const { commits, places } = await acceptedIn(asked, answer.topics, groups, version);
    const isMember = asked.generationIdOrMemberEpoch >= 0 || asked.memberId !== '';
    const by = isMember ? 'member' : 'administrator';
    const results = await groups.commit(asked.groupId, commits, by);
    const lost = lostCode(asked, groups);
    const failed = new Map<string, number>();
    for (const [index, result] of results.entries()) {
      if (result !== 'stored') failed.set(places[index]!, result === 'lost' ? lost : tableNotReady);
    }
    const isWhole = codesIn(answer.topics).size === countIn(asked);
    if (failed.size === 0 && isWhole) return undefined;
    return { ...answer, topics: answered(asked, answer.topics, failed, lost) };
  },
});

/** The request without partitions that the member has lost; unchanged if there are none. */
function withoutLost(asked: Request, { keepers }: GroupOffsets): Request {
  const { groupId, memberId } = asked;
  let isAny = false;
  const topics = asked.topics
    .map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.filter(({ partitionIndex }) => {
        const where = { topic: name, partition: partitionIndex };
        const isLost = memberId !== '' && keepers.hasLost(groupId, memberId, where);
        isAny ||= isLost;
        return !isLost;
      }),
    }))
    .filter(({ partitions }) => partitions.length > 0);
  return isAny ? { ...asked, topics } : asked;
}

/** The commits that the coordinator has accepted, with their positions in the response. */
async function acceptedIn(
  asked: Request,
  answer: Topics,
  groups: GroupOffsets,
  version: number,
): Promise<{ readonly commits: readonly GroupOffset[]; readonly places: readonly string[] }> {
  const ids = asked.topics.map(({ topicId }) => topicId);
  const names = version >= topicIdsSince ? await groups.topicNames(ids) : undefined;
  const codes = codesIn(answer);
  const commits: GroupOffset[] = [];
  const places: string[] = [];
  for (const { name, topicId, partitions } of asked.topics) {
    const topic = names === undefined ? name : names.get(topicId);
    for (const { partitionIndex, committedOffset } of partitions) {
      const place = placeOf(name, topicId, partitionIndex);
      if (topic === undefined || codes.get(place) !== 0) continue;
      places.push(place);
      commits.push({ topic, partition: partitionIndex, offset: toOffset(committedOffset) });
    }
  }
  return { commits, places };
}

/** Every requested partition: failed here, or with the coordinator's result, or lost. */
function answered(
  asked: Request,
  answer: Topics,
  failed: ReadonlyMap<string, number>,
  lost: number,
): Topics {
  const codes = codesIn(answer);
  return asked.topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => {
      const place = placeOf(name, topicId, partitionIndex);
      return { partitionIndex, errorCode: failed.get(place) ?? codes.get(place) ?? lost };
    }),
  }));
}

/** Classic members are asked to rejoin; others learn of it with their next heartbeat. */
function lostCode({ groupId, memberId }: Request, { keepers }: GroupOffsets): number {
  return keepers.isClassic(groupId, memberId)
    ? errorCodes.REBALANCE_IN_PROGRESS
    : errorCodes.STALE_MEMBER_EPOCH;
}

function countIn({ topics }: Request): number {
  return topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
}

function codesIn(answer: Topics): ReadonlyMap<string, number> {
  return new Map(
    answer.flatMap(({ name, topicId, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => [
        placeOf(name, topicId, partitionIndex),
        errorCode,
      ]),
    ),
  );
}

function placeOf(name: string, topicId: string, partition: number): string {
  return `${name} ${topicId} ${partition}`;
}
