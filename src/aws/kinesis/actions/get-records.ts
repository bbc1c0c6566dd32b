/**
 * GetRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
 *
 * NextShardIterator is absent exactly when the shard is closed and read to its end; then, and only
 * then, ChildShards names the shards that continue it. An iterator always reads from the same
 * position, and the next one is never before it.
 */
import {
  isExpired,
  parseShardIterator,
  printShardIterator,
  streamNameInIterator,
} from '../../../domain/records/shard-iterator.ts';
import type { ShardIterator } from '../../../domain/records/shard-iterator.ts';
import type { LogSlice } from '../../../ports/record-log.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { dryRun, invalidArgument, KinesisError } from '../errors.ts';
import { recordsJson, recordStyleOf, viewRecord } from '../records/record-view.ts';
import { findShard, type FoundShard, namingTheShard } from '../resources/shard-address.ts';
import { childrenOf, millisBehind, readVisible } from '../records/shard-reading.ts';
import { boolean, list, long, required, structure, type ValueOf } from '../../protocol/shape.ts';
import { childShard, pageLimit, record, shardIterator, streamAddress } from '../shapes.ts';
import { streamNameIn } from '../resources/stream-address.ts';
import { assertRead, countRead } from '../limits/throughput.ts';

const recordsMax = 10_000;
const bytesMax = 10 * 1024 * 1024;
const input = structure({
  Limit: pageLimit,
  ShardIterator: required(shardIterator),
  StreamARN: streamAddress.StreamARN,
  StreamId: streamAddress.StreamId,
  DryRun: boolean(),
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
    'DryRunOperationException',
    'ExpiredIteratorException',
    'InternalFailure',
    'InvalidArgumentException',
    'ProvisionedThroughputExceededException',
    'ResourceNotFoundException',
  ],
  /** The handler checks the iterator's signature. */
  touches({ ShardIterator: text }, _context, action) {
    const name = streamNameInIterator(text);
    if (name === undefined) throw invalidArgument('Invalid ShardIterator.');
    return { action, kind: 'stream', name };
  },
  async handle(request, context) {
    const iterator = iteratorIn(request, context);
    // AWS checks this before it looks up stream and shard.
    if (request.DryRun === true) throw dryRun('GetRecords');
    const sought = await findShard(
      iterator.stream,
      iterator.shardIndex,
      context,
      // A stream that was created again under this name has other records.
      ({ logId }) => logId === iterator.logId,
    );
    assertRead(sought, context);
    const limit = Math.min(request.Limit ?? recordsMax, recordsMax);
    const { found, slice } = await namingTheShard(
      iterator.stream,
      iterator.shardIndex,
      context,
      () =>
        readVisible(
          sought,
          iterator.offset,
          (where, from) =>
            context.log.read(where, from, { recordsMax: limit, bytesMax, waitMsMax: 0 }),
          context,
        ),
    );
    context.tally.records += slice.records.length;
    countRead(found, slice.records, context);
    const rest = restOf(found, iterator, slice, context);
    const style = recordStyleOf(found.stream);
    if (context.format === 'json') {
      const answer = recordsJson(found.shard, slice.records, rest, style);
      slice.release?.();
      return answer;
    }
    const records = slice.records.map((each) => viewRecord(found.shard, each, style));
    return { Records: records, ...rest };
  },
});

/** Errors: InvalidArgumentException, ExpiredIteratorException. */
function iteratorIn(request: Request, context: KinesisContext): ShardIterator {
  const iterator = parseShardIterator(unquoted(request.ShardIterator), context.secret);
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
  if (StreamARN !== undefined) streamNameIn({ StreamName: iterator.stream, StreamARN }, context);
  return iterator;
}

/** AWS accepts an iterator in double quotes, as copied from shells and JSON documents. */
function unquoted(text: string): string {
  return text.startsWith('"') ? text.replace(/^"(.*)"$/su, '$1') : text;
}

/** AWS's time format: Thu Jan 22 01:22:02 UTC 2015. */
function printTime(ms: number): string {
  const [weekday, day, month, year, time] = new Date(ms).toUTCString().split(/,? /);
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
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
