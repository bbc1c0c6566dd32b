/** How shards are presented, and which of them a listing contains. Pure. */
import {
  endingSequenceNumberOf,
  printSequenceNumber,
  startingSequenceNumberOf,
} from '../../../domain/records/sequence-number.ts';
import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import { isOpen, shardIdOf, shardIndexOf } from '../../../domain/streams/stream.ts';
import type { shard as shardShape } from '../shapes.ts';
import type { ValueOf } from '../../protocol/shape.ts';

const hourMs = 3_600_000;

export type ShardView = ValueOf<typeof shardShape>;

export function viewShard(shard: Shard): ShardView {
  const { parentIndex, adjacentParentIndex } = shard;
  const starting = printSequenceNumber(startingSequenceNumberOf(shard));
  const ending = isOpen(shard) ? undefined : printSequenceNumber(endingSequenceNumberOf(shard));
  return {
    ShardId: shardIdOf(shard.index),
    ParentShardId: parentIndex === undefined ? undefined : shardIdOf(parentIndex),
    AdjacentParentShardId:
      adjacentParentIndex === undefined ? undefined : shardIdOf(adjacentParentIndex),
    HashKeyRange: {
      StartingHashKey: String(shard.startingHashKey),
      EndingHashKey: String(shard.endingHashKey),
    },
    SequenceNumberRange: { StartingSequenceNumber: starting, EndingSequenceNumber: ending },
  };
}

/** The oldest time whose records the stream still retains. */
export function trimHorizonMs(stream: Stream, nowMs: number): number {
  return Math.max(nowMs - stream.retentionHours * hourMs, stream.createdAtMs);
}

/** Open shards, and closed shards with records within the retention period. Ordered by id. */
export function keptShards(stream: Stream, nowMs: number): readonly Shard[] {
  const horizonMs = nowMs - stream.retentionHours * hourMs;
  return stream.shards.filter(
    ({ closed }) => closed === undefined || closed.closedAtMs > horizonMs,
  );
}

/** Shards with ids after the given one, which need not exist. */
export function shardsAfter(shards: readonly Shard[], shardId: string): readonly Shard[] {
  const index = shardIndexOf(shardId);
  if (index !== undefined) return shards.filter((shard) => shard.index > index);
  return shards.filter((shard) => shardIdOf(shard.index) > shardId);
}

/** The shards that were open at that time: each hash key is in exactly one of them. */
export function shardsAt(stream: Stream, atMs: number): readonly Shard[] {
  const closings = new Map(stream.shards.map(({ index, closed }) => [index, closed?.closedAtMs]));
  return stream.shards.filter(
    (shard) =>
      openedAtMs(stream, shard, closings) <= atMs &&
      (shard.closed === undefined || shard.closed.closedAtMs > atMs),
  );
}

/** The shards that were open at that time or later. */
export function shardsFrom(stream: Stream, fromMs: number): readonly Shard[] {
  return stream.shards.filter(({ closed }) => closed === undefined || closed.closedAtMs > fromMs);
}

/**
 * A child opens when its parents close. Its creation second is later, so that sequence numbers
 * grow; by that second, there would be times at which no shard was open.
 */
function openedAtMs(
  stream: Stream,
  { parentIndex, adjacentParentIndex, createdAtSeconds }: Shard,
  closings: ReadonlyMap<number, number | undefined>,
): number {
  const parents = [parentIndex, adjacentParentIndex].flatMap((index) => {
    const closedAtMs = index === undefined ? undefined : closings.get(index);
    return closedAtMs === undefined ? [] : [closedAtMs];
  });
  if (parents.length > 0) return Math.max(...parents);
  return Math.max(stream.createdAtMs, createdAtSeconds * 1000);
}
