/**
 * GetRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
 *
 * NextShardIterator is absent exactly when the shard is closed and read to its end; then, and only
 * then, ChildShards tells where its records go on. An iterator always reads from the same place,
 * and the next one never stands before it.
 */
import { isExpired, parseShardIterator, printShardIterator } from '../../domain/shard-iterator.ts';
import type { ShardIterator } from '../../domain/shard-iterator.ts';
import type { Offset, Stream } from '../../domain/stream.ts';
import { shardIdOf } from '../../domain/stream.ts';
import type { LogRecord, LogSlice } from '../../ports/record-log.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { invalidArgument, KinesisError } from '../errors.ts';
import { recordsJson, viewRecord } from '../record-view.ts';
import { findShard, type FoundShard, namingTheShard } from '../shard-address.ts';
import { list, long, required, structure, type ValueOf } from '../shape.ts';
import { childShard, pageLimit, record, shardIterator, streamAddress } from '../shapes.ts';
import { streamNameIn } from '../stream-address.ts';

const recordsMax = 10_000;
const bytesMax = 10 * 1024 * 1024;
/** Reads for one answer, where the log holds stretches that no reader may see. */
const readsMax = 8;

const hourMs = 3_600_000;

const input = structure({
  Limit: pageLimit,
  ShardIterator: required(shardIterator),
  StreamARN: streamAddress.StreamARN,
  StreamId: streamAddress.StreamId,
});
type Request = ValueOf<typeof input>;

const output = structure({
  Records: required(list(record)),
  NextShardIterator: shardIterator,
  MillisBehindLatest: long(),
  ChildShards: list(childShard),
});

export const getRecords = defineAction({
  name: 'GetRecords',
  input,
  output,
  errors: [
    'AccessDeniedException',
    'ExpiredIteratorException',
    'InternalFailure',
    'InvalidArgumentException',
    'ProvisionedThroughputExceededException',
    'ResourceNotFoundException',
  ],
  async handle(request, context) {
    const iterator = iteratorIn(request, context);
    const found = await findShard(
      iterator.stream,
      iterator.shardIndex,
      context,
      // A stream made again under the name has other records.
      ({ logId }) => logId === iterator.logId,
    );
    const limit = Math.min(request.Limit ?? recordsMax, recordsMax);
    const slice = await namingTheShard(iterator.stream, iterator.shardIndex, context, () =>
      readVisible(found, iterator.offset, limit, context),
    );
    context.tally.records += slice.records.length;
    const rest = restOf(found, iterator, slice, context);
    if (context.format === 'json') return recordsJson(found.shard, slice.records, rest);
    const records = slice.records.map((each) => viewRecord(found.shard, each));
    return { Records: records, ...rest };
  },
});

/** Errors: InvalidArgumentException, ExpiredIteratorException. */
function iteratorIn(request: Request, context: KinesisContext): ShardIterator {
  const iterator = parseShardIterator(request.ShardIterator, context.secret);
  if (iterator === undefined) throw invalidArgument('Invalid ShardIterator.');
  const nowMs = context.clock.nowMs();
  if (isExpired(iterator, nowMs)) {
    throw new KinesisError(
      'ExpiredIteratorException',
      `Iterator expired. The iterator was created at time ${printTime(iterator.issuedAtMs)} ` +
        `while right now it is ${printTime(nowMs)} which is further in the future than the ` +
        'tolerated delay of 300000 milliseconds.',
    );
  }
  const { StreamARN } = request;
  if (StreamARN !== undefined && streamNameIn({ StreamARN }, context) !== iterator.stream) {
    throw invalidArgument('The ShardIterator is not of the stream that StreamARN names.');
  }
  return iterator;
}

/** As AWS prints times: Thu Jan 22 01:22:02 UTC 2015. */
function printTime(ms: number): string {
  const [weekday, day, month, year, time] = new Date(ms).toUTCString().split(/,? /);
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

/**
 * Reads on over what no reader may see, such as aborted transactions, until there are records
 * or the log ends, and leaves out what is past the stream's retention but still in the log.
 */
async function readVisible(
  { stream, shard }: FoundShard,
  from: Offset,
  limit: number,
  { log, clock }: KinesisContext,
): Promise<LogSlice> {
  const where = { log: stream.name, partition: shard.index };
  const limits = { recordsMax: limit, bytesMax, waitMsMax: 0 };
  const keptSinceMs = keptSince(stream, clock.nowMs());
  let slice = await log.read(where, from, limits);
  for (let reads = 1; reads < readsMax; reads++) {
    const first = slice.records[0];
    if (first !== undefined && first.timestampMs < keptSinceMs) {
      const firstKept = await log.offsetAt(where, keptSinceMs);
      if (firstKept <= first.offset) return slice;
      slice = await log.read(where, firstKept, limits);
    } else if (first === undefined && slice.nextOffset < slice.endOffset) {
      slice = await log.read(where, slice.nextOffset, limits);
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

type Rest = Omit<ValueOf<typeof output>, 'Records'>;

function restOf(
  { stream, shard }: FoundShard,
  iterator: ShardIterator,
  slice: LogSlice,
  context: KinesisContext,
): Rest {
  const nowMs = context.clock.nowMs();
  const { nextOffset } = slice;
  const MillisBehindLatest = millisBehind(slice, nowMs);
  if (shard.closed !== undefined && nextOffset >= shard.closed.endOffset) {
    return { MillisBehindLatest, ChildShards: childrenOf(stream, shard.index) };
  }
  const next = {
    stream: stream.name,
    logId: stream.logId,
    shardIndex: shard.index,
    offset: nextOffset > iterator.offset ? nextOffset : iterator.offset,
  };
  return {
    NextShardIterator: printShardIterator(next, nowMs, context.secret),
    MillisBehindLatest,
  };
}

/** The age of the last record returned, unless it is the last one that there is. */
function millisBehind({ records, nextOffset, endOffset }: LogSlice, nowMs: number): number {
  const last: LogRecord | undefined = records.at(-1);
  if (nextOffset >= endOffset || last === undefined) return 0;
  return Math.max(0, nowMs - last.timestampMs);
}

function childrenOf({ shards }: Stream, parent: number): NonNullable<Rest['ChildShards']> {
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
