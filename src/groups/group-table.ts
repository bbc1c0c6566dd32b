/**
 * The lease table of one group: what is known of it, how it comes to be, and how a checkpoint gets
 * into it. Where there is no table yet, what the group's coordinator has is taken over into one.
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

/** Attempts at a change that others keep coming before. */
const attemptsMax = 10;
const rowsAtOnce = 32;

export type GroupTableSettings = {
  readonly groupId: string;
  readonly table: string;
  readonly tables: LeaseCheckpoints & LeaseMaker & Pick<LeaseReader, 'read'>;
  readonly coordinator: GroupCoordinator;
  readonly account: string;
  /** The stream of a topic; undefined where the topic is no stream. */
  readonly findStream: (topic: string) => Promise<Stream | undefined>;
};

/** Offsets of a stream's shards, by index. */
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

  /** The leases as they are now; undefined where there is no table. */
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
   * Sets the checkpoint of a shard to where its next record is `offset`. The lease, and the table,
   * come to be where they are not. Errors: `access-denied` where the write is a member's and a KCL
   * worker owns the lease; `unavailable`. Answers false where a KCL application of one other
   * stream has the table: the offset is the coordinator's alone then.
   */
  async store(
    stream: Stream,
    shard: Shard,
    write: CheckpointWrite,
    unchangedSince?: Lease,
  ): Promise<boolean> {
    const { offset } = write;
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
        // What was read of the lease is out of date: whoever changed it knows better.
        if (unchangedSince !== undefined && isGatewayError(error, 'conflict')) return true;
        if (!isGatewayError(error, 'conflict') || attempt >= attemptsMax) throw error;
        if (write.byMember) await this.#assertNotOfWorker(stream, shard);
      }
    }
  }

  /** Errors: `access-denied` where a KCL worker owns the lease. */
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
    // The children's leases are there before anybody misses them.
    if (isEnd) await this.#addMissing(await this.#known(), stream, new Map());
  }

  /** The shard begins anew, as if nothing had been committed. */
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

  /** What KCL has done to a lease was seen; nothing is lost where that is not noted. */
  async note(lease: Lease, seen: Seen, stream: Stream): Promise<void> {
    const { tables, table } = this.#settings;
    try {
      await tables.note(table, lease, seen, originOf(stream));
    } catch (error) {
      if (!isGatewayError(error, 'conflict')) throw error;
    }
  }

  /**
   * A view in which the stream has leases of all shards that want one, but of none that was read
   * to its end and cleaned up; undefined where the table is not to have them. `offsets` are known
   * to be committed.
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

  /** What is known of the table, read on first use; it is made where there is none. */
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
    // A table without leases was made a moment ago, or is of a KCL worker that begins.
    if (leases !== undefined && leases.length > 0) return new LeaseView(leases);
    return this.#make(also);
  }

  /** Takes over what the coordinator has; nothing is made for a group that has nothing. */
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
    // Somebody else was first.
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
      if (stream === undefined) continue;
      const own = offsets.filter((each) => each.topic === topic);
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

  /** Leases of shards; those that are there already stay as they are. */
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

  /** The leases of a stream that was deleted and made again. */
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

  /** The leases of the one stream get the keys that they have in a table of several. */
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
        // Another gateway, or a commit, was first: what is left is renamed next time.
        if (!isGatewayError(error, 'conflict')) throw error;
      }
    });
  }
}

/** The commit says what the table says without a lease: KCL took it away, the shard is done. */
function isOver(view: LeaseView, stream: Stream, shard: Shard, offset: Offset): boolean {
  return checkpointAt(shard, offset) === shardEnd && view.wasFinished(stream, shard);
}

type Committed = { readonly stream: Stream; readonly offsets: ShardOffsets };
