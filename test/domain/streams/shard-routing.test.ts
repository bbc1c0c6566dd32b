import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { hashKeyMax, hashKeyOf } from '../../../src/domain/streams/hash-key.ts';
import { crc32 } from 'node:zlib';
import { murmur2 } from '../../../src/domain/streams/murmur2.ts';
import {
  openShardsOf,
  shardForHashKey,
  shardForPartitionKey,
} from '../../../src/domain/streams/shard-routing.ts';
import { newStream } from '../../../src/domain/streams/stream-rules.ts';
import {
  type HashKey,
  isOpen,
  type Partitioner,
  type Stream,
  toOffset,
} from '../../../src/domain/streams/stream.ts';

const hashKeys = fc.bigInt({ min: 0n, max: hashKeyMax }) as fc.Arbitrary<HashKey>;

function streamOf(shardCount: number, partitioner: Partitioner = 'md5-range'): Stream {
  return newStream({ name: 's', shardCount, mode: 'PROVISIONED', partitioner }, 0);
}

/** The first shard split in the middle: closed, and two children at the end. */
function withSplit(stream: Stream): Stream {
  const [first, ...others] = stream.shards;
  const middle = (first!.endingHashKey / 2n) as HashKey;
  const child = { createdAtSeconds: 1, parentIndex: 0 };
  const { length } = stream.shards;
  const after = (middle + 1n) as HashKey;
  return {
    ...stream,
    shards: [
      { ...first!, closed: { endOffset: toOffset(5n), closedAtMs: 1 } },
      ...others,
      { ...first!, ...child, index: length, endingHashKey: middle },
      { ...first!, ...child, index: length + 1, startingHashKey: after },
    ],
  };
}

test('a hash key falls in the one open shard whose range holds it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.boolean(), hashKeys, (count, split, key) => {
      const stream = split ? withSplit(streamOf(count)) : streamOf(count);
      const holders = stream.shards.filter(
        (shard) => isOpen(shard) && shard.startingHashKey <= key && key <= shard.endingHashKey,
      );
      assert.deepEqual(holders, [shardForHashKey(stream, key)]);
    }),
  );
});

test('the ends of ranges belong to them', () => {
  const stream = withSplit(streamOf(7));
  for (const shard of openShardsOf(stream)) {
    assert.equal(shardForHashKey(stream, shard.startingHashKey), shard);
    assert.equal(shardForHashKey(stream, shard.endingHashKey), shard);
  }
});

test('murmur2 gives the numbers of the Java client, and places keys where kafkajs does', () => {
  const known: readonly [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [key, hash] of known) assert.equal(murmur2(Buffer.from(key)), hash, key);
  const place = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), fc.nat({ max: 99 }), (key, more) => {
      const count = more + 1;
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [],
        isr: [],
      }));
      const chosen = place({ topic: 's', partitionMetadata, message: { key, value: null } });
      assert.equal(shardForPartitionKey(streamOf(count, 'murmur2'), key).index, chosen);
    }),
  );
});

test('crc32 places keys by the remainder of CRC-32, as librdkafka does', () => {
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  const stream = streamOf(7, 'crc32');
  assert.equal(shardForPartitionKey(stream, '123456789').index, 0xcbf43926 % 7);
});

test('a key whose Kafka partition is closed goes to the open shard that holds its hash', () => {
  const stream = { ...withSplit(streamOf(1)), partitioner: 'murmur2' as const };
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const chosen = shardForPartitionKey(stream, key);
    assert.equal(isOpen(chosen), true);
    const byKafka = (murmur2(Buffer.from(key)) & 0x7fffffff) % 3;
    const expected = byKafka === 0 ? shardForHashKey(stream, hashKeyOf(key)).index : byKafka;
    assert.equal(chosen.index, expected);
  }
});
