/**
 * Sequence numbers: the public 186-bit layout of Kinesis, filled so that a number is a pure
 * function of the shard's creation second, its index and the record's offset, both ways.
 *
 * In hexadecimal, 47 digits: `2`, creation second (9), low nibble of the shard index (1), position
 * (16, at most 7fff…), `00`, creation second again (9), shard index (8), `2`. The position is the
 * offset plus one, so that the first record is above the shard's starting number. In decimal that
 * is always 56 digits, so text order equals numeric order.
 */
import type { Offset, Shard } from '../streams/stream.ts';
import { toOffset } from '../streams/stream.ts';

export type SequenceNumber = bigint & { readonly sequenceNumber: unique symbol };

type ShardOrigin = Pick<Shard, 'index' | 'createdAtSeconds'>;

/** The position of a closed shard's ending sequence number. No record has this position. */
export const endPosition = 0x7fff_ffff_ffff_ffffn;

const version = 2n;
const versionShift = 184n;
const createdShift = 148n;
const nibbleShift = 144n;
const positionShift = 80n;
const zeroesShift = 72n;
const secondsShift = 36n;
const indexShift = 4n;

const secondsMask = 0xf_ffff_ffffn;
const positionMask = 0xffff_ffff_ffff_ffffn;
const indexMask = 0xffff_ffffn;

/** The sequence number of a shard without records: position 0. Computed once per shard. */
const startingNumbers = new WeakMap<ShardOrigin, SequenceNumber>();

/** Lies below every record of the shard. */
export function startingSequenceNumberOf(shard: ShardOrigin): SequenceNumber {
  const known = startingNumbers.get(shard);
  if (known !== undefined) return known;
  const seconds = BigInt(shard.createdAtSeconds);
  const index = BigInt(shard.index);
  const made = ((version << versionShift) |
    (seconds << createdShift) |
    ((index & 0xfn) << nibbleShift) |
    (seconds << secondsShift) |
    (index << indexShift) |
    version) as SequenceNumber;
  startingNumbers.set(shard, made);
  return made;
}

/** Lies above every record of a closed shard. */
export function endingSequenceNumberOf(shard: ShardOrigin): SequenceNumber {
  return numberAt(shard, endPosition);
}

export function sequenceNumberOf(shard: ShardOrigin, offset: Offset): SequenceNumber {
  return numberAt(shard, offset + 1n);
}

/** 56 decimal digits. */
export function printSequenceNumber(sequenceNumber: SequenceNumber): string {
  return sequenceNumber.toString();
}

function numberAt(shard: ShardOrigin, position: bigint): SequenceNumber {
  return (startingSequenceNumberOf(shard) + (position << positionShift)) as SequenceNumber;
}

/** The fields of a sequence number. */
export type SequenceNumberParts = {
  readonly shardIndex: number;
  readonly createdAtSeconds: number;
  /** Offset plus one; 0 in a starting number, `endPosition` in an ending one. */
  readonly position: bigint;
};

const digits = 56;

/** Parses the number of any shard; undefined if this layout cannot produce the text. */
export function parseSequenceNumber(text: string): SequenceNumberParts | undefined {
  if (text.length !== digits || !/^\d+$/.test(text)) return undefined;
  const number = BigInt(text);
  const seconds = (number >> createdShift) & secondsMask;
  const position = (number >> positionShift) & positionMask;
  const index = (number >> indexShift) & indexMask;
  const wellFormed =
    number >> versionShift === version &&
    (number & 0xfn) === version &&
    ((number >> zeroesShift) & 0xffn) === 0n &&
    ((number >> secondsShift) & secondsMask) === seconds &&
    ((number >> nibbleShift) & 0xfn) === (index & 0xfn) &&
    position <= endPosition;
  if (!wellFormed) return undefined;
  return { shardIndex: Number(index), createdAtSeconds: Number(seconds), position };
}

/** The fields of a sequence number of an earlier layout. */
export type EarlierNumberParts = Omit<SequenceNumberParts, 'position'> & {
  /** As AWS returns it: a leading 1 that is missing is added. */
  readonly printed: string;
};

const earliestVersion = 1n << 124n;
const earliestSecondsShift = 88n;
const earliestIndexMask = 0xffffn;

/**
 * Parses a number of the layouts that AWS used before this one and still accepts from clients;
 * undefined if the text is none. The earliest, in hexadecimal: `1`, creation second (9), 18 digits,
 * shard index (4). The second differs from this one in its last digit, 1.
 */
export function parseEarlierNumber(text: string): EarlierNumberParts | undefined {
  const given = BigInt(text);
  if (given < 2n * earliestVersion) {
    const number = given < earliestVersion ? given + earliestVersion : given;
    return {
      printed: number.toString(),
      createdAtSeconds: Number((number >> earliestSecondsShift) & secondsMask),
      shardIndex: Number(number & earliestIndexMask),
    };
  }
  if (given >> versionShift !== version || (given & 0xfn) !== 1n) return undefined;
  return {
    printed: text,
    createdAtSeconds: Number((given >> createdShift) & secondsMask),
    shardIndex: Number((given >> indexShift) & indexMask),
  };
}

/**
 * The position in this shard's log that a number points to; undefined for a number of another
 * shard, or of a former stream of that name.
 */
export function positionInShard(
  shard: ShardOrigin,
  text: string,
):
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'record'; readonly offset: Offset }
  | undefined {
  const parts = parseSequenceNumber(text);
  if (parts === undefined || parts.shardIndex !== shard.index) return undefined;
  if (parts.createdAtSeconds !== shard.createdAtSeconds) return undefined;
  if (parts.position === 0n) return { kind: 'start' };
  if (parts.position === endPosition) return { kind: 'end' };
  return { kind: 'record', offset: toOffset(parts.position - 1n) };
}
