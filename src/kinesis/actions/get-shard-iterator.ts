/**
 * GetShardIterator:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
 *
 * LATEST is where the log ends now: what is put afterwards is read, however late the first
 * GetRecords comes. AT_TIMESTAMP is the first record of that millisecond or later.
 */
import {
  endPosition,
  parseSequenceNumber,
  type SequenceNumberParts,
} from '../../domain/sequence-number.ts';
import { printShardIterator } from '../../domain/shard-iterator.ts';
import type { Offset, Shard, Stream } from '../../domain/stream.ts';
import { shardIdOf, toOffset } from '../../domain/stream.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { findShard, type FoundShard, namingTheShard, shardIndexIn } from '../shard-address.ts';
import { required, string, structure, timestamp, type ValueOf } from '../shape.ts';
import { sequenceNumber, shardId, shardIterator, streamAddress } from '../shapes.ts';
import { streamNameIn } from '../stream-address.ts';

const types = [
  'AFTER_SEQUENCE_NUMBER',
  'LATEST',
  'AT_TIMESTAMP',
  'AT_SEQUENCE_NUMBER',
  'TRIM_HORIZON',
] as const;
type IteratorType = (typeof types)[number];

const { StreamName, StreamARN, StreamId } = streamAddress;
const input = structure({
  ShardId: required(shardId),
  ShardIteratorType: required(string({ values: types })),
  StartingSequenceNumber: sequenceNumber,
  StreamName,
  Timestamp: timestamp(),
  StreamARN,
  StreamId,
});
type Request = ValueOf<typeof input>;

export const getShardIterator = defineAction({
  name: 'GetShardIterator',
  input,
  output: structure({ ShardIterator: shardIterator }),
  errors: [
    'AccessDeniedException',
    'InternalFailure',
    'InvalidArgumentException',
    'ProvisionedThroughputExceededException',
    'ResourceNotFoundException',
  ],
  deviations: ['TRIM_HORIZON begins with the oldest record that is kept when it is first read.'],
  async handle(request, context) {
    const name = streamNameIn(request, context);
    const shardIndex = shardIndexIn(request.ShardId, name, context.account);
    const found = await findShard(name, shardIndex, context);
    const { stream } = found;
    const offset = await namingTheShard(name, shardIndex, context, async () =>
      positions[request.ShardIteratorType](request, found, context),
    );
    const position = { stream: stream.name, logId: stream.logId, shardIndex, offset };
    return { ShardIterator: printShardIterator(position, context.clock.nowMs(), context.secret) };
  },
});

type Positioning = (
  request: Request,
  found: FoundShard,
  context: KinesisContext,
) => Offset | Promise<Offset>;

const positions: Readonly<Record<IteratorType, Positioning>> = {
  TRIM_HORIZON(request) {
    assertNumberless(request);
    return toOffset(0n);
  },
  LATEST(request, { stream, shard }, { log }) {
    assertNumberless(request);
    return shard.closed?.endOffset ?? log.endOffset({ log: stream.name, partition: shard.index });
  },
  async AT_TIMESTAMP(request, { stream, shard }, { log, clock }) {
    assertNumberless(request);
    const timestampMs = timestampIn(request, clock.nowMs());
    const found = await log.offsetAt({ log: stream.name, partition: shard.index }, timestampMs);
    const end = shard.closed?.endOffset;
    return end !== undefined && found > end ? end : found;
  },
  AT_SEQUENCE_NUMBER(request, { stream, shard }, context) {
    const { position } = numberIn(request, stream, shard, context);
    return toOffset(position === 0n ? 0n : endedAt(shard, position - 1n));
  },
  AFTER_SEQUENCE_NUMBER(request, { stream, shard }, context) {
    const { position } = numberIn(request, stream, shard, context);
    return toOffset(endedAt(shard, position));
  },
};

/** The ending sequence number of a closed shard stands behind its last record. */
function endedAt({ closed }: Shard, offset: bigint): bigint {
  return closed !== undefined && offset > closed.endOffset ? closed.endOffset : offset;
}

function assertNumberless({ ShardIteratorType: type, StartingSequenceNumber: given }: Request) {
  if (given !== undefined) throw misusedNumber(type, 'and also a');
}

function misusedNumber(type: IteratorType, how: 'and also a' | 'and no'): Error {
  return invalidArgument(
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and ' +
      'StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ' +
      `Request specified ${type} ${how} StartingSequenceNumber.`,
  );
}

function timestampIn({ Timestamp: timestampMs }: Request, nowMs: number): number {
  if (timestampMs === undefined) {
    throw invalidArgument(
      'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. ' +
        'Current request has no timestamp parameter.',
    );
  }
  if (timestampMs <= nowMs) return timestampMs;
  throw invalidArgument(
    'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
      `timestampInMillis: ${timestampMs}, currentTimestampInMillis: ${nowMs}`,
  );
}

/** Errors: InvalidArgumentException, in AWS's words, for all but a number of this very shard. */
function numberIn(
  { StartingSequenceNumber: text, ShardIteratorType: type }: Request,
  stream: Stream,
  shard: Shard,
  { account }: KinesisContext,
): SequenceNumberParts {
  if (text === undefined) throw misusedNumber(type, 'and no');
  const shardName = shardIdOf(shard.index);
  const use =
    `StartingSequenceNumber ${text} used in GetShardIterator on shard ${shardName} ` +
    `in stream ${stream.name} under account ${account} is invalid`;
  const parts = parseSequenceNumber(text);
  if (parts === undefined) throw invalidArgument(`${use}.`);
  if (parts.shardIndex !== shard.index) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${shardIdOf(parts.shardIndex)}, ` +
        `while it was used in a call to a shard with ${shardName}`,
    );
  }
  if (parts.createdAtSeconds !== shard.createdAtSeconds) {
    throw invalidArgument(`${use} because it did not come from this stream.`);
  }
  if (parts.position === endPosition && shard.closed === undefined) {
    throw invalidArgument(`${use}.`);
  }
  return parts;
}
