/**
 * The lease table of one group: its known state, its creation, and the writing of checkpoints. A
 * new table starts with the offsets of the group's coordinator.
 */
import {
  checkpointAt,
  type Lease,
  noOffset,
  originOf,
  type Seen,
  shardAttributes,
  shardEnd,
  streamIdentifierOf,
  trimHorizon,
} from '../domain/leases/leases.ts';
import { isMember } from '../domain/leases/lease-owners.ts';
import { LeaseView } from '../domain/leases/lease-view.ts';
import { type Offset, type Shard, shardIdOf, type Stream } from '../domain/streams/stream.ts';
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import type { GroupCoordinator } from '../ports/group-coordinator.ts';
import type { LeaseCheckpoints, LeaseMaker, LeaseReader } from '../ports/lease-tables.ts';
import { atOnce } from '../runtime/at-once.ts';
import { CheckpointCalls } from './checkpoint-batches.ts';
import type { CheckpointWrite } from './checkpoint-coalescer.ts';

/** The number of attempts at a change that loses against concurrent changes. */
const attemptsMax = 10;
const rowsAtOnce = 32;

export type GroupTableSettings = {
  readonly groupId: string;
  readonly table: string;
  readonly tables: LeaseCheckpoints & LeaseMaker & Pick<LeaseReader, 'read'>;
  readonly coordinator: GroupCoordinator;
  readonly account: string;
  /** The stream of a topic; undefined if the topic is not a stream. */
  readonly findStream: (topic: string) => Promise<Stream | undefined>;
};

/** Offsets of a stream's shards, by shard index. */
export type ShardOffsets = ReadonlyMap<number, Offset>;

export class GroupTable {
  readonly #settings: GroupTableSettings;
  readonly #checkpoints: CheckpointCalls;
  #view: Promise<LeaseView> | undefined;
  #making: Promise<LeaseView> | undefined;

  constructor(settings: GroupTableSettings) {
    this.#settings = settings;
    const { tables, table } = settings;
    this.#checkpoints = new CheckpointCalls((changes) => tables.setCheckpoints(table, changes));
  }

  get name(): string {
    return this.#settings.table;
  }

  /** The current leases; undefined if there is no table. */
  async read(): Promise<LeaseView | undefined> {
    const { tables, table } = this.#settings;
    const leases = await tables.read(table);
    if (leases === undefined) {
      this.forget();
      return undefined;
    }
    const view = new LeaseView(leases);
    this.#view = Promise.resolve(view);
    return view;
  }

  forget(): void {
    this.#view = undefined;
  }

  /**
   * Sets the checkpoint of a shard so that its next record is at `offset`. Creates the lease and
   * the table if they do not exist, except for a negative offset: without leases of the stream, KCL
   * starts at its configured initial position. Errors: `access-denied` if the write is a member's
   * and a KCL worker owns the lease; `unavailable`. Returns false if the table belongs to a KCL
   * application that reads one other stream: then only the coordinator has the offset.
   */
  async store(
    stream: Stream,
    shard: Shard,
    write: CheckpointWrite,
    unchangedSince?: Lease,
  ): Promise<boolean> {
    const { offset } = write;
    if (offset < 0n && !(await this.#hasLeasesOf(stream))) return true;
    const checkpoint = checkpointAt(shard, offset);
    const seen = { checkpoint, position: offset, committed: offset };
    for (let attempt = 1; ; attempt += 1) {
      const view = await this.#viewWith(stream, new Map([[shard.index, offset]]));
      const lease = view?.find(stream, shard.index);
      if (lease === undefined) return view !== undefined && isOver(view, stream, shard, offset);
      try {
        await this.#setCheckpoint(stream, shard, lease, seen, write, unchangedSince);
        return true;
      } catch (error) {
        this.forget();
        // The lease that was read is out of date: the concurrent change takes precedence.
        if (unchangedSince !== undefined && isGatewayError(error, 'conflict')) return true;
        if (!isGatewayError(error, 'conflict') || attempt >= attemptsMax) throw error;
        if (write.byMember) await this.#assertNotOfWorker(stream, shard);
      }
    }
  }

  async #hasLeasesOf(stream: Stream): Promise<boolean> {
    const view = await this.read();
    view?.claim([stream]);
    return view !== undefined && view.shardsOf(stream).length > 0;
  }

  /** Errors: `access-denied` if a KCL worker owns the lease. */
  async #assertNotOfWorker(stream: Stream, shard: Shard): Promise<void> {
    const view = await this.read();
    view?.claim([stream]);
    const { owner, checkpointOwner } = view?.find(stream, shard.index) ?? {};
    if (owner === undefined || isMember(owner)) return;
    if (checkpointOwner !== undefined && isMember(checkpointOwner)) return;
    throw new GatewayError('access-denied', `${owner} works on ${stream.name} ${shard.index}`);
  }

  async #setCheckpoint(
    stream: Stream,
    shard: Shard,
    lease: Lease,
    seen: Seen,
    { evict, byMember }: CheckpointWrite,
    unchangedSince: Lease | undefined,
  ): Promise<void> {
    const { checkpoint } = seen;
    const isEnd = checkpoint.sequenceNumber === 'SHARD_END';
    await this.#checkpoints.set({
      key: lease.key,
      checkpoint,
      seen,
      stream: originOf(stream),
      childShardIds: isEnd ? shardAttributes(stream, shard).childShardIds : [],
      evict,
      byMember,
      ...(unchangedSince === undefined ? {} : { unchangedSince }),
    });
    // The children's leases are created before a worker looks for them.
    if (isEnd) await this.#addMissing(await this.#known(), stream, new Map());
  }

  /** Resets the shard, as if nothing had been committed. */
  async clear(stream: Stream, shardIndex: number): Promise<void> {
    const view = await this.read();
    view?.claim([stream]);
    const lease = view?.find(stream, shardIndex);
    if (lease === undefined) return;
    const seen = { checkpoint: trimHorizon, position: noOffset, committed: noOffset };
    await this.#checkpoints.set({
      key: lease.key,
      checkpoint: trimHorizon,
      seen,
      stream: originOf(stream),
      childShardIds: [],
      evict: true,
      byMember: false,
    });
  }

  /** Records that KCL's change of a lease was seen; nothing is lost if that cannot be stored. */
  async note(lease: Lease, seen: Seen, stream: Stream): Promise<void> {
    const { tables, table } = this.#settings;
    try {
      await tables.note(table, lease, seen, originOf(stream));
    } catch (error) {
      if (!isGatewayError(error, 'conflict')) throw error;
    }
  }

  /**
   * A view in which the stream has leases for all shards that need one, but not for shards that
   * were read to their end and cleaned up; undefined if the table must not have them. `offsets` are
   * the known committed offsets.
   */
  async #viewWith(stream: Stream, offsets: ShardOffsets): Promise<LeaseView | undefined> {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const view = await this.#known([{ stream, offsets }]);
      view.claim([stream]);
      const [[index, offset] = []] = offsets;
      const shard = index === undefined ? undefined : stream.shards[index];
      if (shard !== undefined && view.find(stream, shard.index) !== undefined) return view;
      if (shard !== undefined && isOver(view, stream, shard, offset!)) return view;
      const place = view.placeFor(stream, isMember);
      if (place === 'nowhere') return undefined;
      if (place === 'after-renaming') await this.#rename(view);
      else if (place === 'after-clearing') await this.#removeAll(view);
      else await this.#addMissing(view, stream, offsets);
      this.forget();
    }
    const { table } = this.#settings;
    throw new GatewayError('unavailable', `the leases of table ${table} keep changing`);
  }

  /** The known state of the table, read on first use; the table is created if it does not exist. */
  async #known(also: readonly Committed[] = []): Promise<LeaseView> {
    this.#view ??= this.#readOrMake(also);
    const reading = this.#view;
    try {
      return await reading;
    } catch (error) {
      if (this.#view === reading) this.forget();
      throw error;
    }
  }

  async #readOrMake(also: readonly Committed[]): Promise<LeaseView> {
    const { tables, table } = this.#settings;
    const leases = await tables.read(table);
    // A table without leases was just created, or belongs to a KCL worker that is starting.
    if (leases !== undefined && leases.length > 0) return new LeaseView(leases);
    return this.#make(also);
  }

  /** Copies the coordinator's offsets; nothing is created for a group without any. */
  adopt(): Promise<LeaseView> {
    return this.#make([]);
  }

  /** One at a time. */
  #make(also: readonly Committed[]): Promise<LeaseView> {
    this.#making ??= this.#makeNow(also).finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #makeNow(also: readonly Committed[]): Promise<LeaseView> {
    const { tables, table } = this.#settings;
    const streams = await this.#committedStreams(also);
    if (streams.length === 0) return new LeaseView([]);
    await tables.make(table);
    const isOfSeveral = streams.length > 1;
    const before = new LeaseView((await tables.read(table)) ?? []);
    // Another writer was first.
    if (before.leases.length > 0) return before;
    for (const { stream, offsets } of streams) {
      await this.#add(before, stream, stream.shards, offsets, isOfSeveral);
    }
    return new LeaseView((await tables.read(table)) ?? []);
  }

  async #committedStreams(also: readonly Committed[]): Promise<readonly Committed[]> {
    const { coordinator, groupId, findStream } = this.#settings;
    const { offsets } = await coordinator.committed(groupId);
    const found = new Map(also.map((each) => [each.stream.name, each]));
    for (const topic of new Set(offsets.map((each) => each.topic))) {
      const stream = await findStream(topic);
      const own = offsets.filter((each) => each.topic === topic);
      if (stream === undefined || own.every(({ offset }) => offset < 0n)) continue;
      found.set(topic, {
        stream,
        offsets: new Map(own.map((each) => [each.partition, each.offset])),
      });
    }
    return [...found.values()];
  }

  async #addMissing(view: LeaseView, stream: Stream, offsets: ShardOffsets): Promise<void> {
    const missing = view.missing(stream);
    const wanted = stream.shards.filter(
      (shard) => missing.includes(shard) || offsets.has(shard.index),
    );
    await this.#add(view, stream, wanted, offsets, view.isOfSeveralStreams);
  }

  /** Creates leases of shards; existing ones stay as they are. */
  async #add(
    view: LeaseView,
    stream: Stream,
    shards: readonly Shard[],
    offsets: ShardOffsets,
    isOfSeveral: boolean,
  ): Promise<void> {
    const { tables, table, account } = this.#settings;
    const leases = shards.map((shard) => {
      const offset = offsets.get(shard.index);
      const checkpoint = offset === undefined ? trimHorizon : checkpointAt(shard, offset);
      const position = offset ?? noOffset;
      const seen = { checkpoint, position, committed: position };
      return view.newLease({ stream, shard, account }, isOfSeveral, checkpoint, seen);
    });
    await tables.add(table, leases);
  }

  /** Replaces the leases of a stream that was deleted and created again. */
  async #removeAll(view: LeaseView): Promise<void> {
    const { tables, table } = this.#settings;
    await atOnce(rowsAtOnce, view.leases, async (lease) => {
      try {
        await tables.remove(table, lease);
      } catch (error) {
        if (!isGatewayError(error, 'conflict')) throw error;
      }
    });
  }

  /** Renames the leases of the table's only stream to their keys in a table for several streams. */
  async #rename(view: LeaseView): Promise<void> {
    const { tables, table, account } = this.#settings;
    const { oneStream } = view;
    if (oneStream === undefined) return;
    const streamIdentifier = streamIdentifierOf(account, oneStream);
    await atOnce(rowsAtOnce, view.leases, async (lease) => {
      const index = view.oneStreamShard(lease);
      if (index === undefined) return;
      const shardId = shardIdOf(index);
      const key = `${streamIdentifier}:${shardId}`;
      try {
        await tables.rename(table, lease, { key, streamIdentifier, shardId });
      } catch (error) {
        // Another gateway, or a commit, was first: the remaining leases are renamed next time.
        if (!isGatewayError(error, 'conflict')) throw error;
      }
    });
  }
}

/** The commit agrees with the missing lease: KCL deleted it because the shard is finished. */
function isOver(view: LeaseView, stream: Stream, shard: Shard, offset: Offset): boolean {
  return checkpointAt(shard, offset) === shardEnd && view.wasFinished(stream, shard);
}

type Committed = { readonly stream: Stream; readonly offsets: ShardOffsets };
