/**
 * Hash keys: MD5 of a partition key as an unsigned 128-bit number, and the hash key ranges of
 * shards. Source: "PutRecord" and "CreateStream", Amazon Kinesis Data Streams API reference.
 */
import { hash } from 'node:crypto';
import type { HashKey } from './stream.ts';

export const hashKeyMax = ((1n << 128n) - 1n) as HashKey;

/** MD5 of the key's UTF-8 bytes. */
export function hashKeyOf(partitionKey: string | Uint8Array): HashKey {
  return BigInt(`0x${hash('md5', partitionKey, 'hex')}`) as HashKey;
}

/** Parses a hash key in decimal, as clients write it; undefined if it is not one. */
export function parseHashKey(text: string): HashKey | undefined {
  if (!/^(?:0|[1-9]\d{0,38})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= hashKeyMax ? (value as HashKey) : undefined;
}

export type HashRange = {
  readonly startingHashKey: HashKey;
  readonly endingHashKey: HashKey;
};

/** All hash keys in `count` ranges of floor(2^128/count); the last range takes the remainder. */
export function evenRanges(count: number): readonly HashRange[] {
  const step = evenStep(count);
  return Array.from({ length: count }, (_, index) => ({
    startingHashKey: (step * BigInt(index)) as HashKey,
    endingHashKey: (index === count - 1 ? hashKeyMax : step * BigInt(index + 1) - 1n) as HashKey,
  }));
}

/** The index of the even range, of `count`, that contains the hash key. */
export function evenRangeOf(hashKey: HashKey, count: number): number {
  return Math.min(Number(hashKey / evenStep(count)), count - 1);
}

function evenStep(count: number): bigint {
  return (hashKeyMax + 1n) / BigInt(count);
}
