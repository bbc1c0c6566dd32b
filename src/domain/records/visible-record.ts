/**
 * How a Kafka producer's record appears to a Kinesis consumer. Kinesis records always have a
 * partition key of 1 to 256 characters, and data. Headers are not visible.
 */
import { createHash } from 'node:crypto';
import type { Offset } from '../streams/stream.ts';

const partitionKeyCharactersMax = 256;
const base64Prefix = 'base64:';
/** The longest key whose base64 form fits into a partition key together with the prefix. */
const base64KeyBytesMax = Math.floor((partitionKeyCharactersMax - base64Prefix.length) / 4) * 3;
const replacementCharacter = '\ufffd';
const noData = Buffer.alloc(0);

/**
 * The record's key as a partition key. Without a key: the offset in decimal. For a key that is
 * empty, not UTF-8, or too long: `base64:…`, or, if that is too long as well, `md5:` and 32 hex
 * digits.
 */
export function partitionKeyOf(key: Buffer | null, offset: Offset): string {
  if (key === null) return offset.toString();
  const text = key.toString('utf8');
  if (text.length > 0 && text.length <= partitionKeyCharactersMax && isFaithful(text, key)) {
    return text;
  }
  if (key.length <= base64KeyBytesMax) return base64Prefix + key.toString('base64');
  return `md5:${createHash('md5').update(key).digest('hex')}`;
}

/** A record without a value, Kafka's tombstone, appears as empty data. */
export function dataOf(value: Buffer | null): Buffer {
  return value ?? noData;
}

/**
 * Bytes that are not UTF-8 decode to replacement characters, but a key may also contain such
 * characters.
 */
function isFaithful(text: string, key: Buffer): boolean {
  return !text.includes(replacementCharacter) || Buffer.from(text).equals(key);
}
