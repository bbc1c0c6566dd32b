/**
 * Leases: what KCL stores for each shard of an application, and how it maps to a consumer group's
 * committed offset. A checkpoint names the last processed record, an offset the next record to
 * read. Source: the lease table of the Amazon Kinesis Client Library, 1.x to 3.x. Pure.
 */
import { isMember } from './lease-owners.ts';
import {
  endPosition,
  positionInShard,
  parseSequenceNumber,
  printSequenceNumber,
  sequenceNumberOf,
} from '../records/sequence-number.ts';
import type { Offset, Shard, Stream } from '../streams/stream.ts';
import { shardIdOf, shardIndexOf, toOffset } from '../streams/stream.ts';

/**
 * A sequence number, or a sentinel; within an aggregated record, the last processed user record.
 */
export type Checkpoint = {
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
};

export const trimHorizon: Checkpoint = { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 };
export const shardEnd: Checkpoint = { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 };

/** Means that the group has committed no offset. Kafka also stores it if a client commits it. */
export const noOffset = toOffset(-1n);

/**
 * What the gateway last saw of a lease, stored in the lease's row. A comparison shows what has
 * changed since: the checkpoint if a KCL worker moved, the offset if the group's coordinator did.
 */
export type Seen = {
  readonly checkpoint: Checkpoint;
  /**
   * The offset of the next record to read at that checkpoint; noOffset if none was committed. Other
   * negative offsets are kept as they were committed: for clients they mean that there is none.
   */
  readonly position: Offset;
  /** The coordinator's committed offset; noOffset if it had none. */
  readonly committed: Offset;
};

/**
 * Identifies the stream: a stream that was deleted and created again under its name is another one.
 */
export type StreamOrigin = { readonly name: string; readonly createdAtSeconds: number };

export function originOf(stream: Pick<Stream, 'name' | 'createdAtMs'>): StreamOrigin {
  return { name: stream.name, createdAtSeconds: creationSecondOf(stream) };
}

export type Lease = {
  readonly key: string;
  readonly checkpoint: Checkpoint;
  readonly owner?: string;
  /**
   * The former owner, which still works on the shard until the handover to the owner is complete.
   */
  readonly checkpointOwner?: string;
  /** The owner increments it while it is alive. */
  readonly counter: number;
  /**
   * The stream, in rows that the gateway wrote: KCL's rows in a single-stream table do not name it.
   */
  readonly stream?: StreamOrigin;
  readonly seen?: Seen;
};

/** A lease as the gateway creates it. */
export type NewLease = Pick<Lease, 'key' | 'checkpoint'> & {
  readonly seen: Seen;
  readonly stream: StreamOrigin;
  /** Of rows in a table of several streams. */
  readonly multiStream?: { readonly streamIdentifier: string; readonly shardId: string };
  readonly parentShardIds: readonly string[];
  readonly childShardIds: readonly string[];
  readonly startingHashKey: string;
  readonly endingHashKey: string;
};

export function sameCheckpoint(one: Checkpoint, other: Checkpoint): boolean {
  return (
    one.sequenceNumber === other.sequenceNumber && one.subSequenceNumber === other.subSequenceNumber
  );
}

/**
 * The checkpoint of a group that reads the record at `offset` next. With a negative offset, KCL
 * starts the shard from the beginning; an offset beyond the largest sequence number becomes that.
 */
export function checkpointAt(shard: Shard, offset: Offset): Checkpoint {
  if (shard.closed !== undefined && offset >= shard.closed.endOffset) return shardEnd;
  if (offset <= 0n) return trimHorizon;
  const next = offset < endPosition ? offset : endPosition - 1n;
  const last = sequenceNumberOf(shard, toOffset(next - 1n));
  return { sequenceNumber: printSequenceNumber(last), subSequenceNumber: 0 };
}

/** Where reading continues according to a checkpoint. */
export type CheckpointPosition =
  /** At the oldest record that is still retained. */
  | { readonly kind: 'start' }
  /** After the last record of the shard. */
  | { readonly kind: 'end' }
  /** LATEST or AT_TIMESTAMP: the reader's own configuration decides. */
  | { readonly kind: 'reader' }
  /** At this aggregated record, of which user records up to `userRecord` are processed. */
  | { readonly kind: 'after'; readonly record: Offset; readonly userRecord: number }
  /** The checkpoint belongs to a former stream of that name, or to another stream. */
  | { readonly kind: 'foreign' };

export function positionAt(shard: Shard, checkpoint: Checkpoint): CheckpointPosition {
  const { sequenceNumber, subSequenceNumber } = checkpoint;
  if (sequenceNumber === 'TRIM_HORIZON') return { kind: 'start' };
  if (sequenceNumber === 'SHARD_END') return { kind: 'end' };
  if (sequenceNumber === 'LATEST' || sequenceNumber === 'AT_TIMESTAMP') return { kind: 'reader' };
  const position = positionInShard(shard, sequenceNumber);
  if (position === undefined) return { kind: 'foreign' };
  if (position.kind !== 'record') return { kind: position.kind };
  return { kind: 'after', record: position.offset, userRecord: subSequenceNumber };
}

/**
 * Which of the three is current: the last seen state, the coordinator's offset, or the lease
 * itself.
 */
export type Believed = 'seen' | 'coordinator' | 'lease';

/**
 * If only the checkpoint changed, a KCL worker has read further than the coordinator knows. If only
 * the coordinator's offset changed, it has commits that the table missed, such as those of a
 * transaction. If both changed, KCL continued from the table without that commit, so its checkpoint
 * is the later one. A coordinator without an offset (`undefined`) has expired it
 * (offsets.retention.minutes).
 */
export function believed(
  lease: Pick<Lease, 'checkpoint' | 'seen'>,
  committed: Offset | undefined,
): Believed {
  const { checkpoint, seen } = lease;
  const hasMoved = seen === undefined || !sameCheckpoint(checkpoint, seen.checkpoint);
  if (!hasMoved) {
    return committed !== undefined && committed !== seen.committed ? 'coordinator' : 'seen';
  }
  const saysNothing = ['LATEST', 'AT_TIMESTAMP'].includes(checkpoint.sequenceNumber);
  const isCommitted = committed !== undefined && committed >= 0n;
  return saysNothing && seen === undefined && isCommitted ? 'coordinator' : 'lease';
}

/**
 * Whether the group had already read a shard up to the point where it was closed later: its lease
 * does not say SHARD_END yet, and the children's leases may be missing. A KCL worker that owns the
 * lease finds the end by itself.
 */
export function isDoneByGroup({ checkpoint, owner, seen }: Lease, { closed }: Shard): boolean {
  if (closed === undefined || checkpoint.sequenceNumber === 'SHARD_END') return false;
  if (owner !== undefined && !isMember(owner)) return false;
  if (seen === undefined || !sameCheckpoint(checkpoint, seen.checkpoint)) return false;
  return seen.position === seen.committed && seen.position >= closed.endOffset;
}

/** `account:stream:creationSecond:shardId`, the key of a lease in a table of several streams. */
export type MultiStreamKey = {
  readonly account: string;
  readonly stream: string;
  readonly createdAtSeconds: number;
  readonly shardIndex: number;
};

export function parseMultiStreamKey(key: string): MultiStreamKey | undefined {
  const [account = '', stream = '', seconds = '', shardId = '', ...rest] = key.split(':');
  const shardIndex = shardIndexOf(shardId);
  if (shardIndex === undefined || rest.length > 0 || stream === '') return undefined;
  if (!/^\d{1,12}$/.test(seconds)) return undefined;
  return { account, stream, createdAtSeconds: Number(seconds), shardIndex };
}

/** The stream identifier that KCL uses in a table for several streams. */
export function streamIdentifierOf(account: string, stream: StreamOrigin): string {
  return `${account}:${stream.name}:${stream.createdAtSeconds}`;
}

export function creationSecondOf({ createdAtMs }: Pick<Stream, 'createdAtMs'>): number {
  return Math.floor(createdAtMs / 1000);
}

/** The creation second in a lease's checkpoint, which tells which stream the lease is for. */
export function createdSecondIn({ sequenceNumber }: Checkpoint): number | undefined {
  return parseSequenceNumber(sequenceNumber)?.createdAtSeconds;
}

/** The shard's attributes that KCL stores beside its checkpoint. */
export function shardAttributes(
  stream: Stream,
  shard: Shard,
): Pick<NewLease, 'parentShardIds' | 'childShardIds' | 'startingHashKey' | 'endingHashKey'> {
  const parents = [shard.parentIndex, shard.adjacentParentIndex];
  return {
    parentShardIds: parents.filter((index) => index !== undefined).map(shardIdOf),
    childShardIds: childrenOf(stream, shard).map(({ index }) => shardIdOf(index)),
    startingHashKey: shard.startingHashKey.toString(),
    endingHashKey: shard.endingHashKey.toString(),
  };
}

export function childrenOf(stream: Stream, { index, closed }: Shard): readonly Shard[] {
  if (closed === undefined) return [];
  return stream.shards.filter(
    ({ parentIndex, adjacentParentIndex }) =>
      parentIndex === index || adjacentParentIndex === index,
  );
}
