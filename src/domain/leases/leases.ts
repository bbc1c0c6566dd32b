/**
 * Leases: what KCL writes down for each shard of an application, and how that is a consumer
 * group's committed offset. A checkpoint names the last record done, an offset the next one to
 * read. Source: the lease table of the Amazon Kinesis Client Library, 1.x to 3.x. Pure.
 */
import { isMember } from './lease-owners.ts';
import {
  positionInShard,
  parseSequenceNumber,
  printSequenceNumber,
  sequenceNumberOf,
} from '../records/sequence-number.ts';
import type { Offset, Shard, Stream } from '../streams/stream.ts';
import { shardIdOf, shardIndexOf, toOffset } from '../streams/stream.ts';

/** A sequence number, or a sentinel; inside an aggregate, the user record that is done. */
export type Checkpoint = {
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
};

export const trimHorizon: Checkpoint = { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 };
export const shardEnd: Checkpoint = { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 };

/** Stands for "no offset" in what a group has committed. */
export const noOffset = toOffset(-1n);

/**
 * What the gateway last saw of a lease, kept on its row: by it the gateway knows who moved since,
 * a KCL worker (the checkpoint is another) or the group's coordinator (its offset is another).
 */
export type Seen = {
  readonly checkpoint: Checkpoint;
  /** The next record to read at that checkpoint; noOffset where none was committed. */
  readonly position: Offset;
  /** What the coordinator had; noOffset for none. */
  readonly committed: Offset;
};

/** Which stream: one that is deleted and made again under its name is another. */
export type StreamOrigin = { readonly name: string; readonly createdAtSeconds: number };

export function originOf(stream: Pick<Stream, 'name' | 'createdAtMs'>): StreamOrigin {
  return { name: stream.name, createdAtSeconds: creationSecondOf(stream) };
}

export type Lease = {
  readonly key: string;
  readonly checkpoint: Checkpoint;
  readonly owner?: string;
  /** Who still works on the shard while it is being handed over to the owner. */
  readonly checkpointOwner?: string;
  /** Grows while the owner lives. */
  readonly counter: number;
  /** The stream, where the gateway wrote the row: a single-stream table does not tell it. */
  readonly stream?: StreamOrigin;
  readonly seen?: Seen;
};

/** A lease as the gateway makes it. */
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

/** The checkpoint of a group whose next record is at `offset`. */
export function checkpointAt(shard: Shard, offset: Offset): Checkpoint {
  if (shard.closed !== undefined && offset >= shard.closed.endOffset) return shardEnd;
  if (offset <= 0n) return trimHorizon;
  const last = sequenceNumberOf(shard, toOffset(offset - 1n));
  return { sequenceNumber: printSequenceNumber(last), subSequenceNumber: 0 };
}

/** Where a checkpoint says that reading goes on. */
export type CheckpointPosition =
  /** At the first record that is still kept. */
  | { readonly kind: 'start' }
  /** Behind the last record of the shard. */
  | { readonly kind: 'end' }
  /** LATEST or AT_TIMESTAMP: wherever the reader's own rule says. */
  | { readonly kind: 'reader' }
  /** After this record, of which user records up to `userRecord` are done. */
  | { readonly kind: 'after'; readonly record: Offset; readonly userRecord: number }
  /** Of a former stream of that name, or of another stream. */
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

/** Which of the three to believe: what was seen last, the coordinator, or the lease itself. */
export type Believed = 'seen' | 'coordinator' | 'lease';

/**
 * A KCL worker that moved since then has read further than the coordinator knows; a coordinator
 * that moved alone has commits that the table missed, such as those of a transaction. Where both
 * moved, KCL went on from the table without that commit, so its word is the later one. A
 * coordinator with no offset has forgotten them, after their time of retention.
 */
export function believed(lease: Pick<Lease, 'checkpoint' | 'seen'>, committed: Offset): Believed {
  const { checkpoint, seen } = lease;
  const hasMoved = seen === undefined || !sameCheckpoint(checkpoint, seen.checkpoint);
  if (!hasMoved) {
    return committed >= 0n && committed !== seen.committed ? 'coordinator' : 'seen';
  }
  const saysNothing = ['LATEST', 'AT_TIMESTAMP'].includes(checkpoint.sequenceNumber);
  return saysNothing && seen === undefined && committed >= 0n ? 'coordinator' : 'lease';
}

/**
 * Whether the group had read a shard to where it was closed later: its lease does not say so yet,
 * and the children's may be missing. A KCL worker that owns it finds the end by itself.
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

/** How KCL names one of several streams. */
export function streamIdentifierOf(account: string, stream: StreamOrigin): string {
  return `${account}:${stream.name}:${stream.createdAtSeconds}`;
}

export function creationSecondOf({ createdAtMs }: Pick<Stream, 'createdAtMs'>): number {
  return Math.floor(createdAtMs / 1000);
}

/** The creation second in a lease's checkpoint, which tells of which stream the lease is. */
export function createdSecondIn({ sequenceNumber }: Checkpoint): number | undefined {
  return parseSequenceNumber(sequenceNumber)?.createdAtSeconds;
}

/** What KCL writes down of a shard beside its checkpoint. */
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
