/**
 * Committed offsets of consumer groups, stored as checkpoints in the lease tables of KCL
 * applications of the same names. The group's coordinator has accepted a commit before it arrives
 * here, and has its own copy; if the two differ, `believed` decides which one is current.
 */
import { isMember } from '../domain/leases/lease-owners.ts';
import { believed, isDoneByGroup, type Lease, noOffset } from '../domain/leases/leases.ts';
import type { LeaseView } from '../domain/leases/lease-view.ts';
import type { Offset, Shard, Stream } from '../domain/streams/stream.ts';
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import type { GroupCoordinator } from '../ports/group-coordinator.ts';
import type { LeaseMaker } from '../ports/lease-tables.ts';
import type { RecordLog } from '../ports/record-log.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import { atOnce } from '../runtime/at-once.ts';
import { within } from '../runtime/deadline.ts';
import { untilDefined } from '../runtime/retry.ts';
import { type GroupOffset, type GroupPartition, placeOf } from '../domain/leases/group-offset.ts';
import { CheckpointWriter, takenOver } from './checkpoint-coalescer.ts';
import type { GroupKeepers } from './group-keepers.ts';
import type { GroupTable } from './group-table.ts';
import type { GroupTables } from './group-tables.ts';
import { resumePosition } from './lease-position.ts';

/** A commit or a fetch waits this long for the table; the work that it started continues. */
const tableWaitMsMax = 10_000;
/** How long the offsets of a committed transaction may take to appear. */
const settleMsMax = 5_000;
const settleCheckMs = 5;
const watchEveryMs = 500;
const shardsAtOnce = 64;
const groupsAtOnce = 4;
const streamsAtOnce = 16;
/** Topic ids that were found are kept; how often the catalog is searched for new ones. */
const topicsReadEveryMs = 500;

/**
 * What the coordinator's offsets are: its response for some partitions; those that it has stored;
 * or all that it has stored, to which partitions of the table are added.
 */
type Which = 'some' | 'stored' | 'all';

/** The kind of the commit: an administrator's commit is outside of any generation of the group. */
export type Committer = 'member' | 'administrator' | 'transaction';
/** `lost`: a KCL worker owns the lease, so nothing was written. */
export type CommitResult = 'stored' | 'failed' | 'lost';

export type GroupOffsetsSettings = {
  readonly tables: Pick<LeaseMaker, 'drop'>;
  readonly coordinator: GroupCoordinator;
  readonly groups: GroupTables;
  /** The leases of members of Kafka groups. */
  readonly keepers: GroupKeepers;
  readonly streams: Pick<StreamDirectory, 'list'>;
  readonly log: RecordLog;
  /** How long an owner may be silent before its lease is taken; KCL's failoverTimeMillis. */
  readonly failoverMs: number;
  /** Reports failures of work that no call waits for. */
  readonly onProblem: (groupId: string, error: unknown) => void;
};

export class GroupOffsets {
  readonly keepers: GroupKeepers;
  readonly #settings: GroupOffsetsSettings;
  readonly #groups: GroupTables;
  readonly #writer = new CheckpointWriter();
  #topicNames: ReadonlyMap<string, string> = new Map();
  #topicsReadAtMs = -Infinity;
  #topicsReading: Promise<void> | undefined;

  constructor(settings: GroupOffsetsSettings) {
    this.#settings = settings;
    this.#groups = settings.groups;
    this.keepers = settings.keepers;
  }

  stop(): void {
    this.keepers.stop();
  }

  /** Whether the setting gives the group a table. */
  hasTable(groupId: string): boolean {
    return this.#groups.hasTable(groupId);
  }

  /**
   * Sets checkpoints to the offsets that the coordinator has accepted; returns for each commit
   * whether the table has it now or does not need it (topics that are not streams), or a KCL worker
   * holds the shard. If the commit is an administrator's, KCL workers lose the leases, so that they
   * continue from the checkpoints.
   */
  async commit(
    groupId: string,
    commits: readonly GroupOffset[],
    by: Committer,
  ): Promise<readonly CommitResult[]> {
    const stored = commits.map((): CommitResult => 'failed');
    const storing = commits.map(async (each, index) => {
      try {
        await this.#store(groupId, each, by);
        stored[index] = 'stored';
      } catch (error) {
        stored[index] = resultOf(error);
        if (stored[index] !== 'lost') this.#settings.onProblem(groupId, error);
      }
    });
    await inTime(Promise.all(storing)).catch((error: unknown) =>
      this.#settings.onProblem(groupId, error),
    );
    return [...stored];
  }

  /**
   * The offsets from which a group continues. `committed` are the coordinator's offsets, noOffset
   * for requested partitions without one. With `all`, they are all that it has, and partitions of
   * the table that it does not know are added. Committed negative offsets stay as they are. Errors:
   * `unavailable`.
   */
  resume(
    groupId: string,
    committed: readonly GroupOffset[],
    { all }: { readonly all: boolean },
  ): Promise<readonly GroupOffset[]> {
    const asked = all ? 'all' : 'some';
    const resumed = this.#resume(groupId, committed, asked).catch((error: unknown) => {
      if (!isGatewayError(error, 'in-use')) throw error;
      this.#settings.onProblem(groupId, error);
      return committed;
    });
    return inTime(resumed);
  }

  /** Offsets were deleted: the checkpoints of the shards are reset. Errors: `unavailable`. */
  async remove(groupId: string, partitions: readonly GroupPartition[]): Promise<void> {
    const group = this.#groups.table(groupId);
    const clearing = partitions.map(async ({ topic, partition }) => {
      const stream = await this.#groups.findStream(topic);
      if (stream !== undefined) await group.clear(stream, partition);
    });
    await inTime(Promise.all(clearing));
  }

  /**
   * A transaction with offsets of the group was committed: waits until the coordinator returns
   * them, and sets the checkpoints. Errors: `unavailable`.
   */
  async settle(groupId: string, partitions: readonly GroupPartition[]): Promise<void> {
    const { coordinator } = this.#settings;
    const patience = { everyMs: settleCheckMs, waitMsMax: settleMsMax };
    const settled = await untilDefined(patience, async () => {
      const { offsets, pending } = await coordinator.settled(groupId, partitions);
      return pending.length === 0 ? offsets : undefined;
    });
    if (settled === undefined) {
      throw new GatewayError('unavailable', `offsets of group ${groupId} stay in a transaction`);
    }
    const held = await this.#storedOf(groupId, settled);
    const stored = await this.commit(groupId, held, 'transaction');
    if (stored.every((each) => each === 'stored')) return;
    throw new GatewayError('unavailable', `the lease table of group ${groupId} cannot be set`);
  }

  /** Without those that the coordinator does not have: it returns noOffset for these, too. */
  async #storedOf(
    groupId: string,
    settled: readonly GroupOffset[],
  ): Promise<readonly GroupOffset[]> {
    if (settled.every(({ offset }) => offset !== noOffset)) return settled;
    const { offsets } = await this.#settings.coordinator.committed(groupId);
    const stored = new Set(offsets.map(placeOf));
    return settled.filter((each) => each.offset !== noOffset || stored.has(placeOf(each)));
  }

  /**
   * Whether a KCL worker holds leases of the group now. A lease contains no time, so a lease with
   * an owner is watched for as long as an owner may be silent. Errors: `unavailable`.
   */
  async isWorkedOn(groupId: string): Promise<boolean> {
    const group = this.#groups.table(groupId);
    const before = await group.read();
    const isWorker = ({ owner }: Lease) => owner !== undefined && !isMember(owner);
    const owned = (before?.leases ?? []).filter(isWorker);
    if (owned.length === 0) return false;
    const counters = new Map(owned.map(({ key, counter }) => [key, counter]));
    const patience = { everyMs: watchEveryMs, waitMsMax: this.#settings.failoverMs };
    const isMoving = ({ key, counter }: Lease) => counter > (counters.get(key) ?? counter);
    const moving = await untilDefined(patience, async () => {
      const now = (await group.read())?.leases ?? [];
      return now.find((lease) => isWorker(lease) && isMoving(lease));
    });
    return moving !== undefined;
  }

  /** Deletes the group's table; returns whether there was one. Errors: `unavailable`. */
  async deleteGroup(groupId: string): Promise<boolean> {
    const group = this.#groups.table(groupId);
    const isThere = (await group.read()) !== undefined;
    if (isThere) await this.#settings.tables.drop(group.name);
    group.forget();
    return isThere;
  }

  /**
   * Visits every group of the cluster once: groups that existed before the gateway get their
   * tables, and work that a gateway left undone when it died is completed. Never rejects.
   */
  async takeOver(): Promise<void> {
    const { coordinator, onProblem } = this.#settings;
    const groups = await coordinator.list().catch((error: unknown) => {
      onProblem('', error);
      return [];
    });
    const chosen = groups.filter((groupId) => this.#groups.hasTable(groupId));
    await atOnce(groupsAtOnce, chosen, async (groupId) => {
      try {
        const { offsets } = await coordinator.committed(groupId);
        if (offsets.length > 0) await this.#resume(groupId, offsets, 'stored');
      } catch (error) {
        onProblem(groupId, error);
      }
    });
  }

  /** Names of topics by id, without topics that are not streams. */
  async topicNames(topicIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const isKnown = () => topicIds.every((topicId) => this.#topicNames.has(topicId));
    if (!isKnown()) {
      // A read in progress may have started before the topic existed.
      const wasReading = this.#topicsReading !== undefined;
      await this.#readTopics();
      if (wasReading && !isKnown()) await this.#readTopics();
    }
    return this.#topicNames;
  }

  /** Callers that ask at the same time, or too soon after the last read, share one read. */
  #readTopics(): Promise<void> {
    const read = async () => {
      const waitMs = this.#topicsReadAtMs + topicsReadEveryMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      this.#topicsReadAtMs = performance.now();
      const streams = await this.#settings.streams.list();
      this.#topicNames = new Map(streams.map(({ logId, name }) => [logId, name]));
    };
    this.#topicsReading ??= read().finally(() => (this.#topicsReading = undefined));
    return this.#topicsReading;
  }

  async #store(groupId: string, commit: GroupOffset, by: Committer): Promise<void> {
    const { topic, partition, offset } = commit;
    let stream = await this.#groups.findStream(topic);
    // A view from before the shard was created does not have it.
    if (stream?.shards[partition] === undefined)
      stream = await this.#groups.findStream(topic, 'now');
    const shard = stream?.shards[partition];
    if (stream === undefined || shard === undefined) return;
    const group = this.#groups.table(groupId);
    const name = `${group.name} ${topic} ${partition}`;
    const made = { offset, evict: by === 'administrator', byMember: by === 'member' };
    await this.#writer.write(name, made, async (write) => {
      await group.store(stream, shard, write);
    });
  }

  async #resume(
    groupId: string,
    committed: readonly GroupOffset[],
    which: Which,
  ): Promise<readonly GroupOffset[]> {
    const group = this.#groups.table(groupId);
    let view = await group.read();
    if (view === undefined || view.leases.length === 0) {
      if (!committed.some(({ offset }) => offset >= 0n)) return committed;
      view = await group.adopt();
    }
    const streams = await this.#streamsOf(view, committed, which === 'all');
    view.claim([...streams.values()]);
    const asked =
      which === 'all' ? [...committed, ...unknownTo(committed, view, streams)] : committed;
    const resumed = [...asked];
    const indexes = asked.map((_, index) => index);
    await atOnce(shardsAtOnce, indexes, async (index) => {
      const each = asked[index]!;
      const stream = streams.get(each.topic);
      const shard = stream?.shards[each.partition];
      if (stream === undefined || shard === undefined) return;
      // For requested partitions, the coordinator also returns noOffset if it has no offset.
      const isStored = which !== 'some' && index < committed.length;
      const had = isStored || each.offset !== noOffset ? each.offset : undefined;
      const own = await this.#resumeShard(group, view, { stream, shard, had });
      const isChild = own === noOffset && view.hasBegunBefore(stream, shard);
      // A client with auto.offset.reset=latest would skip the records since the split.
      const where = { log: stream.name, partition: shard.index };
      const offset = isChild ? await this.#settings.log.startOffset(where) : own;
      resumed[index] = { ...each, offset };
    });
    return resumed;
  }

  async #resumeShard(
    group: GroupTable,
    view: LeaseView,
    { stream, shard, had }: { stream: Stream; shard: Shard; had: Offset | undefined },
  ): Promise<Offset> {
    const lease = view.find(stream, shard.index);
    if (lease === undefined) {
      if (shard.closed !== undefined && view.wasFinished(stream, shard)) {
        return shard.closed.endOffset;
      }
      if (had !== undefined && had >= 0n) await group.store(stream, shard, takenOver(had));
      return had ?? noOffset;
    }
    const whose = believed(lease, had);
    if (whose === 'seen') {
      if (isDoneByGroup(lease, shard)) {
        await group.store(stream, shard, takenOver(lease.seen!.position), lease);
      }
      return lease.seen!.position;
    }
    const committed = had ?? noOffset;
    if (whose === 'lease') return this.#readLease(group, lease, stream, shard, committed);
    await group.store(stream, shard, takenOver(committed), lease);
    return committed;
  }

  /** KCL has changed the lease since it was last seen. */
  async #readLease(
    group: GroupTable,
    lease: Lease,
    stream: Stream,
    shard: Shard,
    committed: Offset,
  ): Promise<Offset> {
    const { checkpoint } = lease;
    const position = await resumePosition(this.#settings.log, stream, shard, checkpoint);
    await group.note(lease, { checkpoint, position, committed }, stream);
    return position;
  }

  /** The requested streams and, with `all`, the streams of the table. */
  async #streamsOf(
    view: LeaseView,
    committed: readonly GroupOffset[],
    all: boolean,
  ): Promise<ReadonlyMap<string, Stream>> {
    const topics = new Set(committed.map(({ topic }) => topic));
    if (all) for (const name of view.streamsByName.keys()) topics.add(name);
    if (all && view.oneStream !== undefined) topics.add(view.oneStream.name);
    if (all && view.oneStream === undefined && !view.isOfSeveralStreams) {
      const seconds = new Set(view.creationSeconds);
      const summaries = seconds.size === 0 ? [] : await this.#settings.streams.list();
      for (const { name, createdAtMs } of summaries) {
        if (seconds.has(Math.floor(createdAtMs / 1000))) topics.add(name);
      }
    }
    const streams = new Map<string, Stream>();
    // An older view may show a topic that was deleted and created again since: its leases would
    // make the group skip records of the new topic.
    await atOnce(streamsAtOnce, [...topics], async (topic) => {
      const stream = await this.#groups.findStream(topic, 'now');
      if (stream !== undefined) streams.set(topic, stream);
    });
    return streams;
  }
}

function resultOf(error: unknown): CommitResult {
  if (isGatewayError(error, 'access-denied')) return 'lost';
  // If the table belongs to something else, only the coordinator stores the group's offsets.
  return isGatewayError(error, 'in-use') ? 'stored' : 'failed';
}

/** Partitions with leases that the coordinator did not return. */
function unknownTo(
  committed: readonly GroupOffset[],
  view: LeaseView,
  streams: ReadonlyMap<string, Stream>,
): GroupOffset[] {
  const known = new Set(committed.map(placeOf));
  return [...streams.values()].flatMap((stream) =>
    view
      .shardsOf(stream)
      .map(({ index }) => ({ topic: stream.name, partition: index, offset: noOffset }))
      .filter((each) => !known.has(placeOf(each))),
  );
}

/** Errors: `unavailable` if it takes too long; the work continues all the same. */
function inTime<T>(work: Promise<T>): Promise<T> {
  return within(tableWaitMsMax, work, () => {
    throw new GatewayError('unavailable', 'the lease table takes too long');
  });
}
