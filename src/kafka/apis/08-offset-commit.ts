/**
 * OffsetCommit: commits of a group. Source: the Kafka protocol guide; KIP-848 for member epochs.
 *
 * The group's coordinator checks and stores the commit first; then the lease table gets it, and
 * then the client is answered. A commit outside of a generation (an administrator's, or that of a
 * consumer without a group) takes the leases from the KCL workers that hold them, so that they go
 * on from there.
 */
import {
  offsetCommitRequest as request,
  offsetCommitResponse as response,
} from '../../wire/messages/08-offset-commit.ts';
import type { Decoded } from '../../wire/message.ts';
import { toOffset } from '../../domain/stream.ts';
import type { GroupOffset } from '../../groups/group-offsets.ts';
import { defineApi } from '../api.ts';
import { tableNotReady } from '../group-errors.ts';

const topicIdsSince = 10;

type Request = Decoded<(typeof request)['fields']>;

export const offsetCommit = defineApi({
  request,
  response,
  deviations: [
    'Answered when the lease table has the commit too; COORDINATOR_LOAD_IN_PROGRESS where it cannot.',
  ],
  onRequest(asked, { groups }) {
    if (groups?.hasTable(asked.groupId) !== true) return 'relay';
    return { relay: asked, note: asked };
  },
  async onResponse(answer, { groups, version }, note) {
    if (note === undefined || groups === undefined) return undefined;
    const asked = note as Request;
    const ids = asked.topics.map(({ topicId }) => topicId);
    const names = version >= topicIdsSince ? await groups.topicNames(ids) : undefined;
    const accepted = new Set(
      answer.topics.flatMap(({ name, topicId, partitions }) =>
        partitions
          .filter(({ errorCode }) => errorCode === 0)
          .map(({ partitionIndex }) => `${name} ${topicId} ${partitionIndex}`),
      ),
    );
    const commits: GroupOffset[] = [];
    const places: string[] = [];
    for (const { name, topicId, partitions } of asked.topics) {
      const topic = names === undefined ? name : names.get(topicId);
      for (const { partitionIndex, committedOffset } of partitions) {
        const place = `${name} ${topicId} ${partitionIndex}`;
        if (topic === undefined || committedOffset < 0n || !accepted.has(place)) continue;
        places.push(place);
        commits.push({ topic, partition: partitionIndex, offset: toOffset(committedOffset) });
      }
    }
    const evict = asked.generationIdOrMemberEpoch < 0 && asked.memberId === '';
    const stored = await groups.commit(asked.groupId, commits, { evict });
    const failed = new Set(places.filter((_, index) => stored[index] !== true));
    if (failed.size === 0) return undefined;
    const topics = answer.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map((each) =>
        failed.has(`${name} ${topicId} ${each.partitionIndex}`)
          ? { ...each, errorCode: tableNotReady }
          : each,
      ),
    }));
    return { ...answer, topics };
  },
});
