/**
 * OffsetFetch: committed offsets of groups. Source: the Kafka protocol guide; KIP-709 for several
 * groups, KIP-447 for stable offsets, KIP-848 for member epochs.
 *
 * The group's coordinator responds first, and validates the member; then its offsets are replaced
 * by those of the lease table. Metadata and leader epochs are kept if the offset is the
 * coordinator's.
 */
import {
  offsetFetchRequest as request,
  offsetFetchResponse as response,
} from '../../wire/messages/09-offset-fetch.ts';
import type { Decoded } from '../../wire/message.ts';
import { toOffset } from '../../domain/streams/stream.ts';
import type { GroupOffsets } from '../../groups/group-offsets.ts';
import type { Access } from '../../access/authorizer.ts';
import { onAllTopics, onGroup, onTopics } from '../access.ts';
import { type Call, defineApi } from '../api.ts';
import { tableNotReady } from '../errors.ts';
import { errorCodes } from '../../wire/errors.ts';
import type { GroupOffset } from '../../domain/leases/group-offset.ts';

const groupsSince = 8;
const topicIdsSince = 10;
const topErrorSince = 2;
const noEpoch = -1;

type Request = Decoded<(typeof request)['fields']>;

type Partition = {
  readonly partitionIndex: number;
  readonly committedOffset: bigint;
  readonly committedLeaderEpoch: number;
  readonly metadata: string | null;
  readonly errorCode: number;
};
type Topic = {
  readonly name: string;
  readonly topicId?: string;
  readonly partitions: readonly Partition[];
};
/** A group's response in any version. */
type Group = { readonly errorCode: number; readonly topics: readonly Topic[] };

export const offsetFetch = defineApi({
  request,
  response,
  deviations: ['Answers what the lease table says, which KCL workers may have moved.'],
  touches: touched,
  onRequest(asked, { groups, version }) {
    const ids =
      version >= groupsSince ? asked.groups.map(({ groupId }) => groupId) : [asked.groupId];
    const isKept = ids.some((groupId) => groups.hasTable(groupId));
    return isKept ? { relay: asked, note: asked } : 'relay';
  },
  async onResponse(answer, call, asked) {
    const { groups, version } = call;
    if (asked === undefined) return undefined;
    if (version < groupsSince) {
      const group = { errorCode: answer.errorCode, topics: answer.topics };
      const resumed = await resume(groups, asked.groupId, group, asked.topics === null, call);
      if (resumed.errorCode !== errorCodes.NONE && version < topErrorSince) {
        return { ...answer, topics: withErrors(answer.topics, resumed.errorCode) };
      }
      return { ...answer, ...resumed };
    }
    const wanted = new Map(asked.groups.map(({ groupId, topics }) => [groupId, topics]));
    const resumed = answer.groups.map(async (group) => ({
      ...group,
      ...(await resume(groups, group.groupId, group, wanted.get(group.groupId) === null, call)),
    }));
    return { ...answer, groups: await Promise.all(resumed) };
  },
});

/** A group's response with the offsets of the lease table. */
async function resume(
  groups: GroupOffsets,
  groupId: string,
  group: Group,
  all: boolean,
  { version, logger }: Call,
): Promise<Group> {
  if (group.errorCode !== errorCodes.NONE || !groups.hasTable(groupId)) return group;
  try {
    const ids = group.topics.map(({ topicId }) => topicId ?? '');
    const usesIds = version >= topicIdsSince;
    const names = usesIds ? await groups.topicNames(ids) : new Map<string, string>();
    const nameOf = ({ name, topicId }: Topic) => (usesIds ? names.get(topicId ?? '') : name);
    const committed = committedIn(group.topics, nameOf);
    const resumed = await groups.resume(groupId, committed, { all });
    const offsets = new Map(resumed.map((each) => [placeOf(each.topic, each.partition), each]));
    const topics = group.topics.map((topic) => {
      const name = nameOf(topic);
      const partitions = topic.partitions.map((each) => moved(each, name, offsets));
      return { ...topic, partitions: all ? partitions.filter(isListed(topic)) : partitions };
    });
    const added = resumed.slice(committed.length).filter(({ offset }) => offset >= 0n);
    const idsByName = new Map([...names].map(([topicId, name]) => [name, topicId]));
    return { ...group, topics: all ? withAdded(topics, added, nameOf, idsByName) : topics };
  } catch (error) {
    logger.warn({ groupId, error }, 'the lease table of a group cannot be read');
    return { ...group, errorCode: tableNotReady, topics: [] };
  }
}

function committedIn(
  topics: readonly Topic[],
  nameOf: (topic: Topic) => string | undefined,
): GroupOffset[] {
  return topics.flatMap((topic) => {
    const name = nameOf(topic);
    if (name === undefined) return [];
    return topic.partitions
      .filter(({ errorCode }) => errorCode === errorCodes.NONE)
      .map(({ partitionIndex, committedOffset }) => ({
        topic: name,
        partition: partitionIndex,
        offset: toOffset(committedOffset),
      }));
  });
}

function moved(
  partition: Partition,
  topic: string | undefined,
  offsets: ReadonlyMap<string, GroupOffset>,
): Partition {
  const resumed = offsets.get(placeOf(topic ?? '', partition.partitionIndex));
  if (resumed === undefined || resumed.offset === partition.committedOffset) return partition;
  // Metadata of another offset does not apply to this one.
  return {
    ...partition,
    committedOffset: resumed.offset,
    committedLeaderEpoch: noEpoch,
    metadata: '',
  };
}

/**
 * If all offsets are requested, partitions without one in the table are left out, but committed
 * negative offsets are not.
 */
function isListed({ partitions }: Topic) {
  return (each: Partition, index: number) =>
    each.committedOffset >= 0n || each === partitions[index];
}

/** All offsets of a group: those that only the table has are added. */
function withAdded(
  topics: readonly Topic[],
  added: readonly GroupOffset[],
  nameOf: (topic: Topic) => string | undefined,
  idsByName: ReadonlyMap<string, string>,
): Topic[] {
  const all = new Map<string, Topic>();
  for (const topic of topics) all.set(nameOf(topic) ?? topic.topicId ?? '', topic);
  for (const { topic, partition, offset } of added) {
    const topicId = idsByName.get(topic);
    const had = all.get(topic) ?? {
      name: topic,
      ...(topicId === undefined ? {} : { topicId }),
      partitions: [],
    };
    const each = {
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: noEpoch,
      metadata: '',
      errorCode: errorCodes.NONE,
    };
    all.set(topic, { ...had, partitions: [...had.partitions, each] });
  }
  return [...all.values()].filter(({ partitions }) => partitions.length > 0);
}

function withErrors(topics: readonly Topic[], errorCode: number): Topic[] {
  return topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((each) => ({
      ...each,
      committedOffset: -1n,
      metadata: '',
      errorCode,
    })),
  }));
}

function placeOf(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}

function touched({ groupId, topics, groups }: Request, call: Call): readonly Access[] {
  const asked = call.version < groupsSince ? [{ groupId, topics }] : groups;
  return asked.flatMap((each) => [
    onGroup('Describe', each.groupId),
    ...(each.topics === null ? [onAllTopics('Describe')] : onTopics('Describe', each.topics, call)),
  ]);
}
