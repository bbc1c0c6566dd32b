/**
 * How GetRecords and SubscribeToShard read a shard, and the metadata that they return with the
 * records.
 */
import { isSealed } from '../../../domain/streams/reshard.ts';
import type { Offset, Stream } from '../../../domain/streams/stream.ts';
import { shardIdOf } from '../../../domain/streams/stream.ts';
import type { LogPartition, LogRecord, LogSlice } from '../../../ports/record-log.ts';
import type { KinesisContext } from '../action.ts';
import type { FoundShard } from '../resources/shard-address.ts';
import type { ValueOf } from '../../protocol/shape.ts';
import type { childShard } from '../shapes.ts';

/** The most reads for one response if the log has ranges that no reader may see. */
const readsMax = 8;

const hourMs = 3_600_000;

export type VisibleSlice = {
  /** The state of the shard under which the slice may be returned. */
  readonly found: FoundShard;
  readonly slice: LogSlice;
};

/**
 * Reads the visible records of a shard: nothing after the end of a closed shard, where
 * unacknowledged records may lie, and nothing while that end is being determined.
 */
export async function readVisible(
  found: FoundShard,
  from: Offset,
  read: (where: LogPartition, from: Offset) => Promise<LogSlice>,
  context: Pick<KinesisContext, 'log' | 'clock' | 'streams'>,
): Promise<VisibleSlice> {
  const slice = await readOver(found, from, read, context);
  const { streams } = context;
  const { stream, shard } = found;
  if (shard.closed === undefined && !streams.isCurrent(stream)) {
    const now = await streams.findNow(stream.name);
    const known = now.logId === stream.logId ? now.shards[shard.index] : undefined;
    if (known !== undefined) return shown({ stream: now, shard: known }, from, slice);
  }
  return shown(found, from, slice);
}

function shown(found: FoundShard, from: Offset, slice: LogSlice): VisibleSlice {
  const { stream, shard } = found;
  if (isSealed(stream, shard.index)) {
    return { found, slice: { ...slice, records: [], nextOffset: from } };
  }
  const end = shard.closed?.endOffset;
  if (end === undefined || slice.nextOffset <= end) return { found, slice };
  const records = slice.records.filter(({ offset }) => offset < end);
  return { found, slice: { ...slice, records, nextOffset: end, endOffset: end } };
}

/**
 * Skips what no reader may see, such as aborted transactions, until there are records or the log
 * ends. Leaves out records that are past the stream's retention but still in the log.
 */
async function readOver(
  { stream, shard }: FoundShard,
  from: Offset,
  read: (where: LogPartition, from: Offset) => Promise<LogSlice>,
  { log, clock }: Pick<KinesisContext, 'log' | 'clock'>,
): Promise<LogSlice> {
  const where = { log: stream.name, partition: shard.index };
  const keptSinceMs = keptSince(stream, clock.nowMs());
  let slice = await read(where, from);
  for (let reads = 1; reads < readsMax; reads++) {
    const first = slice.records[0];
    if (first !== undefined && first.timestampMs < keptSinceMs) {
      const firstKept = await log.offsetAt(where, keptSinceMs);
      if (firstKept <= first.offset) return slice;
      slice = await read(where, firstKept);
    } else if (first === undefined && slice.nextOffset < slice.endOffset) {
      slice = await read(where, slice.nextOffset);
    } else {
      return slice;
    }
  }
  return slice;
}

/** Kafka deletes whole segments, some time after; topics made on its side keep its own rules. */
function keptSince({ rules, retentionHours }: Stream, nowMs: number): number {
  return rules === 'kinesis' ? nowMs - retentionHours * hourMs : -Infinity;
}

/** The age of the last returned record, or 0 if there are no later records. */
export function millisBehind({ records, nextOffset, endOffset }: LogSlice, nowMs: number): number {
  const last: LogRecord | undefined = records.at(-1);
  if (nextOffset >= endOffset || last === undefined) return 0;
  return Math.max(0, nowMs - last.timestampMs);
}

type ChildShard = ValueOf<typeof childShard>;

/** The children of a closed shard. */
export function childrenOf({ shards }: Stream, parent: number): readonly ChildShard[] {
  return shards
    .filter(({ parentIndex, adjacentParentIndex }) =>
      [parentIndex, adjacentParentIndex].includes(parent),
    )
    .map((child) => ({
      ShardId: shardIdOf(child.index),
      ParentShards: [child.parentIndex, child.adjacentParentIndex].flatMap((index) =>
        index === undefined ? [] : [shardIdOf(index)],
      ),
      HashKeyRange: {
        StartingHashKey: String(child.startingHashKey),
        EndingHashKey: String(child.endingHashKey),
      },
    }));
}
