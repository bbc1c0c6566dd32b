/**
 * Converts the starting position that a consumer names to an offset in the shard's log, for
 * GetShardIterator and SubscribeToShard.
 */
import {
  endPosition,
  parseEarlierNumber,
  parseSequenceNumber,
  type SequenceNumberParts,
} from '../../../domain/records/sequence-number.ts';
import type { Offset, Shard } from '../../../domain/streams/stream.ts';
import { shardIdOf, toOffset } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { type FoundShard, namingTheShard } from '../resources/shard-address.ts';

export const startingPositionTypes = [
  'AFTER_SEQUENCE_NUMBER',
  'LATEST',
  'AT_TIMESTAMP',
  'AT_SEQUENCE_NUMBER',
  'TRIM_HORIZON',
] as const;
type PositionType = (typeof startingPositionTypes)[number];

export type StartingPosition = {
  readonly type: PositionType;
  readonly sequenceNumber: string | undefined;
  readonly timestampMs: number | undefined;
};

/**
 * Errors: InvalidArgumentException, ResourceNotFoundException (the shard has been deleted
 * meanwhile).
 */
export function startingOffset(
  position: StartingPosition,
  found: FoundShard,
  context: KinesisContext,
  operation: 'GetShardIterator' | 'SubscribeToShard',
): Promise<Offset> {
  const { stream, shard } = found;
  return namingTheShard(stream.name, shard.index, context, async () =>
    positions[position.type](position, found, context, operation),
  );
}

type Positioning = (
  position: StartingPosition,
  found: FoundShard,
  context: KinesisContext,
  operation: string,
) => Offset | Promise<Offset>;

const positions: Readonly<Record<PositionType, Positioning>> = {
  TRIM_HORIZON(position) {
    assertNumberless(position);
    return toOffset(0n);
  },
  LATEST(position, { stream, shard }, { log }) {
    assertNumberless(position);
    return shard.closed?.endOffset ?? log.endOffset({ log: stream.name, partition: shard.index });
  },
  async AT_TIMESTAMP(position, { stream, shard }, { log, clock }) {
    assertNumberless(position);
    const timestampMs = timestampIn(position, clock.nowMs());
    const found = await log.offsetAt({ log: stream.name, partition: shard.index }, timestampMs);
    const end = shard.closed?.endOffset;
    return end !== undefined && found > end ? end : found;
  },
  AT_SEQUENCE_NUMBER(given, found, context, operation) {
    const { position } = numberIn(given, found, context, operation);
    const { shard } = found;
    return toOffset(position === 0n ? 0n : endedAt(shard, position - 1n));
  },
  AFTER_SEQUENCE_NUMBER(given, found, context, operation) {
    const { position } = numberIn(given, found, context, operation);
    if (position === endPosition) throw nothingAfter();
    return toOffset(endedAt(found.shard, position));
  },
};

/** The ending sequence number of a closed shard is after its last record. */
function endedAt({ closed }: Shard, offset: bigint): bigint {
  return closed !== undefined && offset > closed.endOffset ? closed.endOffset : offset;
}

function nothingAfter(): Error {
  return invalidArgument(
    'Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, ' +
      'SequenceNumber has reached max possible value for the shard.',
  );
}

function assertNumberless({ type, sequenceNumber }: StartingPosition): void {
  if (sequenceNumber !== undefined) throw misusedNumber(type, 'and also a');
}

function misusedNumber(type: PositionType, how: 'and also a' | 'and no'): Error {
  return invalidArgument(
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and ' +
      'StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ' +
      `Request specified ${type} ${how} StartingSequenceNumber.`,
  );
}

function timestampIn({ timestampMs }: StartingPosition, nowMs: number): number {
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

/** Errors: InvalidArgumentException, in AWS's words, unless the number belongs to this shard. */
function numberIn(
  { sequenceNumber: text, type }: StartingPosition,
  { stream, shard }: FoundShard,
  { account, clock }: KinesisContext,
  operation: string,
): SequenceNumberParts {
  if (text === undefined) throw misusedNumber(type, 'and no');
  const parts = parseSequenceNumber(text);
  const earlier = parts === undefined ? parseEarlierNumber(text) : undefined;
  const known = parts ?? earlier;
  const shardName = shardIdOf(shard.index);
  const use =
    `StartingSequenceNumber ${earlier?.printed ?? text} used in ${operation} on shard ` +
    `${shardName} in stream ${stream.name} under account ${account} is invalid`;
  if (known === undefined) throw invalidArgument(`${use}.`);
  if (known.shardIndex !== shard.index) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${encodedShard(known.shardIndex)}, ` +
        `while it was used in a call to a shard with ${shardName}`,
    );
  }
  if (earlier !== undefined && earlier.createdAtSeconds * 1000 > clock.nowMs()) {
    throw invalidArgument(`${use}.`);
  }
  if (parts === undefined || parts.createdAtSeconds !== shard.createdAtSeconds) {
    throw invalidArgument(`${use} because it did not come from this stream.`);
  }
  if (parts.position === endPosition && shard.closed === undefined) {
    throw invalidArgument(`${use}.`);
  }
  return parts;
}

/** AWS reads the shard index in a number as a signed integer; no shard has a negative index. */
function encodedShard(index: number): string {
  const signed = index | 0;
  if (signed >= 0) return shardIdOf(index);
  return `shardId--${String(-signed).padStart(11, '0')}`;
}
