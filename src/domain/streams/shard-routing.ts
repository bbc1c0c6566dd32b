/**
 * Which open shard a key belongs to. The index over a stream's shards is built once for each list
 * of shards: lists are never changed in place.
 */
import { crc32 } from 'node:zlib';
import { hashKeyMax, hashKeyOf } from './hash-key.ts';
import { partitionerOf } from './partitioner-tag.ts';
import { murmur2 } from './murmur2.ts';
import { isOpen } from './stream.ts';
import type { HashKey, Shard, Stream } from './stream.ts';

const indexes = new WeakMap<readonly Shard[], readonly Shard[]>();

/** The open shards, ordered by range. */
export function openShardsOf(stream: Stream): readonly Shard[] {
  const known = indexes.get(stream.shards);
  if (known !== undefined) return known;
  const open = stream.shards
    .filter(isOpen)
    .toSorted((one, other) => (one.startingHashKey < other.startingHashKey ? -1 : 1));
  indexes.set(stream.shards, open);
  return open;
}

/** The open shard whose range contains the hash key. Open shards cover all hash keys. */
export function shardForHashKey(stream: Stream, hashKey: HashKey): Shard {
  const open = openShardsOf(stream);
  let low = 0;
  let high = open.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (open[middle]!.startingHashKey <= hashKey) low = middle;
    else high = middle - 1;
  }
  const found = open[low];
  if (found === undefined) throw new Error(`stream ${stream.name} has no open shard`);
  return found;
}

/**
 * The open shard that replaces a shard: the shard itself, or the descendant whose range contains
 * the hash key. Kafka clients choose partitions freely: a hash key outside of the closed shard's
 * range is mapped into it, so that all records of a key go to one descendant of the shard. An index
 * without a shard stands for the whole stream.
 */
export function openDescendant(stream: Stream, index: number, hashKey: HashKey): Shard {
  const shard = stream.shards[index];
  if (shard === undefined) return shardForHashKey(stream, hashKey);
  if (isOpen(shard)) return shard;
  const { startingHashKey: start, endingHashKey: end } = shard;
  if (hashKey >= start && hashKey <= end) return shardForHashKey(stream, hashKey);
  const spread = start + (hashKey * (end - start + 1n)) / (hashKeyMax + 1n);
  return shardForHashKey(stream, spread as HashKey);
}

/**
 * The open shard for a partition key that is put through the Kinesis door, by the stream's
 * partitioner. Kafka's partitioners choose among all partitions; if the chosen one is closed, the
 * record goes to its open descendant, as the records of Kafka clients do.
 */
export function shardForPartitionKey(stream: Stream, partitionKey: string): Shard {
  const partitioner = partitionerOf(stream);
  if (partitioner === 'md5-range') return shardForHashKey(stream, hashKeyOf(partitionKey));
  const key = Buffer.from(partitionKey);
  // Java keeps the low 31 bits of murmur2; librdkafka uses CRC-32 (IEEE 802.3), which is never
  // negative.
  const hash = partitioner === 'murmur2' ? murmur2(key) & 0x7fffffff : crc32(key);
  const index = hash % stream.shards.length;
  if (isOpen(stream.shards[index]!)) return stream.shards[index]!;
  return openDescendant(stream, index, hashKeyOf(partitionKey));
}

/** Whether all shards are open: nothing has been split or merged yet. */
export function hasOnlyOpenShards(stream: Stream): boolean {
  return openShardsOf(stream).length === stream.shards.length;
}
