/**
 * The leases of one table, and which of them is for which shard. A table is for one stream (the key
 * is the shard id and does not name the stream) or for several (the key names the stream). Pure.
 */
import {
  childrenOf,
  createdSecondIn,
  creationSecondOf,
  type Lease,
  type NewLease,
  originOf,
  parseMultiStreamKey,
  sameCheckpoint,
  type Seen,
  shardAttributes,
  type StreamOrigin,
  streamIdentifierOf,
} from './leases.ts';
import type { Checkpoint } from './leases.ts';
import { positionInShard } from '../records/sequence-number.ts';
import { type Shard, shardIdOf, shardIndexOf, type Stream } from '../streams/stream.ts';

/** Where the leases of a stream that is not in the table yet would go. */
export type Place =
  | 'one-stream'
  | 'several-streams'
  /** Once the leases of the table's only stream have been renamed. */
  | 'after-renaming'
  /** Once the leases of a former stream of that name have been deleted. */
  | 'after-clearing'
  /** Nowhere: the table belongs to a KCL application that reads one other stream. */
  | 'nowhere';

export class LeaseView {
  readonly leases: readonly Lease[];
  readonly #byKey = new Map<string, Lease>();
  /** Keys by stream, creation second and shard, in a table for several streams. */
  readonly #multiStream = new Map<string, string>();
  #account: string | undefined;
  #oneStream: StreamOrigin | undefined;

  constructor(leases: readonly Lease[]) {
    this.leases = leases;
    for (const lease of leases) {
      this.#byKey.set(lease.key, lease);
      const parsed = parseMultiStreamKey(lease.key);
      if (parsed === undefined) {
        this.#oneStream ??= lease.stream;
      } else {
        this.#account ??= parsed.account;
        const { stream, createdAtSeconds, shardIndex } = parsed;
        this.#multiStream.set(shardName(stream, createdAtSeconds, shardIndex), lease.key);
      }
    }
  }

  get isOfSeveralStreams(): boolean {
    return this.#multiStream.size > 0;
  }

  /** The table's only stream, if that is known. */
  get oneStream(): StreamOrigin | undefined {
    return this.#oneStream;
  }

  /** Creation seconds, which tell which stream a table is for if no row names it yet. */
  get creationSeconds(): readonly number[] {
    return this.leases
      .map(({ checkpoint }) => createdSecondIn(checkpoint))
      .filter((seconds) => seconds !== undefined);
  }

  /**
   * Finds which of these streams a table that KCL made for one stream belongs to. Its checkpoints
   * tell; if it has none yet, it belongs to the stream only if there is just one candidate.
   */
  claim(streams: readonly Stream[]): void {
    if (this.#oneStream !== undefined || this.isOfSeveralStreams || this.leases.length === 0) {
      return;
    }
    const seconds = new Set(this.creationSeconds);
    const told = streams.filter(({ shards }) =>
      shards.some(({ createdAtSeconds }) => seconds.has(createdAtSeconds)),
    );
    const candidates = seconds.size > 0 ? told : streams;
    const [only, ...others] = candidates;
    if (only !== undefined && others.length === 0) this.#oneStream = originOf(only);
  }

  find(stream: Stream, shardIndex: number): Lease | undefined {
    const name = shardName(stream.name, creationSecondOf(stream), shardIndex);
    const key = this.#multiStream.get(name);
    if (key !== undefined) return this.#byKey.get(key);
    if (!this.#isOf(stream)) return undefined;
    return this.#byKey.get(shardIdOf(shardIndex));
  }

  #isOf(stream: Stream): boolean {
    const origin = this.#oneStream;
    return origin?.name === stream.name && origin.createdAtSeconds === creationSecondOf(stream);
  }

  /** Shards of the stream for which the table has leases. */
  shardsOf(stream: Stream): readonly Shard[] {
    return stream.shards.filter(({ index }) => this.find(stream, index) !== undefined);
  }

  /** The streams in a table for several streams, by name and creation second. */
  get streamsByName(): ReadonlyMap<string, number> {
    const streams = new Map<string, number>();
    for (const key of this.#multiStream.values()) {
      const { stream, createdAtSeconds } = parseMultiStreamKey(key)!;
      streams.set(stream, Math.max(createdAtSeconds, streams.get(stream) ?? 0));
    }
    return streams;
  }

  /**
   * A closed shard that has no lease although its children have theirs was read to its end: KCL
   * deletes such leases.
   */
  wasFinished(stream: Stream, shard: Shard): boolean {
    if (this.find(stream, shard.index) !== undefined) return false;
    return childrenOf(stream, shard).some(
      (child) => this.find(stream, child.index) !== undefined || this.wasFinished(stream, child),
    );
  }

  /** Whether the group has a position in an ancestor of this shard. */
  hasBegunBefore(stream: Stream, { parentIndex, adjacentParentIndex }: Shard): boolean {
    return [parentIndex, adjacentParentIndex].some((index) => {
      const parent = index === undefined ? undefined : stream.shards[index];
      if (parent === undefined) return false;
      const lease = this.find(stream, parent.index);
      if (lease === undefined) return this.wasFinished(stream, parent);
      return hasPosition(lease) || this.hasBegunBefore(stream, parent);
    });
  }

  /**
   * Shards that need a lease: all of them if the stream is new to the table; later only those that
   * were not closed before, so that nothing is read twice.
   */
  missing(stream: Stream): readonly Shard[] {
    return stream.shards.filter(
      (shard) => this.find(stream, shard.index) === undefined && !this.wasFinished(stream, shard),
    );
  }

  placeFor(stream: Stream, isOurs: (owner: string) => boolean): Place {
    if (this.leases.length === 0) return 'one-stream';
    const isForeign = this.leases.some(({ owner }) => owner !== undefined && !isOurs(owner));
    const hasOneStream = this.#oneStream !== undefined;
    // A renaming that was interrupted leaves leases of both kinds.
    if (this.isOfSeveralStreams) {
      return hasOneStream && !isForeign ? 'after-renaming' : 'several-streams';
    }
    if (this.#oneStream?.name === stream.name) {
      return this.#isOf(stream) ? 'one-stream' : 'after-clearing';
    }
    return hasOneStream && !isForeign ? 'after-renaming' : 'nowhere';
  }

  /**
   * The leases that certainly belong to this incarnation of the stream. `isAlone` says that no
   * other stream was created in the same second, so its sequence numbers belong to no other stream.
   */
  leasesOf(stream: Stream, isAlone: boolean): readonly Lease[] {
    const { name, createdAtSeconds } = originOf(stream);
    const isThis = (origin: StreamOrigin | undefined) =>
      origin?.name === name && origin.createdAtSeconds === createdAtSeconds;
    const ofSeveral = this.leases.filter(({ key }) => {
      const parsed = parseMultiStreamKey(key);
      return parsed?.stream === name && parsed.createdAtSeconds === createdAtSeconds;
    });
    const ofOne = this.leases.filter(({ key }) => shardIndexOf(key) !== undefined);
    const named = ofOne.filter((lease) => lease.stream !== undefined);
    const own = named.filter((lease) => isThis(lease.stream));
    const unnamed = ofOne.filter((lease) => lease.stream === undefined);
    const numbered = unnamed.filter(({ checkpoint }) => isNumber(checkpoint));
    const fits = numbered.every((lease) => isGivenOutBy(stream, lease));
    const isTold = named.length > 0 ? own.length === named.length : isAlone && numbered.length > 0;
    return [...ofSeveral, ...own, ...(isTold && fits ? unnamed : [])];
  }

  /** Makes the lease of a shard for a table of one or of several streams. */
  newLease(
    where: { readonly stream: Stream; readonly shard: Shard; readonly account: string },
    isOfSeveral: boolean,
    checkpoint: Checkpoint,
    seen: Seen,
  ): NewLease {
    const { stream, shard } = where;
    const shardId = shardIdOf(shard.index);
    const rest = { checkpoint, seen, stream: originOf(stream), ...shardAttributes(stream, shard) };
    if (!isOfSeveral) return { key: shardId, ...rest };
    const streamIdentifier = streamIdentifierOf(this.#account ?? where.account, originOf(stream));
    return {
      key: `${streamIdentifier}:${shardId}`,
      multiStream: { streamIdentifier, shardId },
      ...rest,
    };
  }

  /** The shard that a lease in a single-stream table is for. */
  oneStreamShard(lease: Lease): number | undefined {
    return shardIndexOf(lease.key);
  }
}

/** Leases that the gateway created at TRIM_HORIZON are for shards without a committed offset. */
function hasPosition({ checkpoint, seen }: Lease): boolean {
  if (seen !== undefined && sameCheckpoint(checkpoint, seen.checkpoint)) return seen.position >= 0n;
  return !['LATEST', 'AT_TIMESTAMP'].includes(checkpoint.sequenceNumber);
}

function isNumber({ sequenceNumber }: Checkpoint): boolean {
  return /^\d+$/.test(sequenceNumber);
}

/** Whether the checkpoint is a sequence number of the shard that the lease is for. */
function isGivenOutBy(stream: Stream, { key, checkpoint }: Lease): boolean {
  const shard = stream.shards[shardIndexOf(key) ?? -1];
  return shard !== undefined && positionInShard(shard, checkpoint.sequenceNumber) !== undefined;
}

function shardName(stream: string, createdAtSeconds: number, shardIndex: number): string {
  return `${stream}:${createdAtSeconds}:${shardIndex}`;
}
