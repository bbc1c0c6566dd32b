import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { HashKey, Shard, Stream } from '../../../../src/domain/streams/stream.ts';
import { toOffset } from '../../../../src/domain/streams/stream.ts';
import {
  keptShards,
  shardsAfter,
  shardsAt,
  shardsFrom,
  trimHorizonMs,
  viewShard,
} from '../../../../src/aws/kinesis/resources/shard-listing.ts';

const hourMs = 3_600_000;
const createdAtMs = 1_795_000_000_500;
const hashKeys = 2n ** 128n;

function makeStream(shards: readonly Shard[], retentionHours = 24): Stream {
  return {
    name: 'orders',
    logId: 'log',
    rules: 'kinesis',
    status: 'ACTIVE',
    mode: 'PROVISIONED',
    partitioner: 'md5-range',
    createdAtMs,
    retentionHours,
    recordKiBMax: 1024,
    tags: {},
    consumers: [],
    shards,
    version: 1,
  };
}

function makeShard(index: number, from: bigint, to: bigint, more: Partial<Shard> = {}): Shard {
  return {
    index,
    startingHashKey: from as HashKey,
    endingHashKey: to as HashKey,
    createdAtSeconds: Math.floor(createdAtMs / 1000),
    ...more,
  };
}

/** Splits the shard at this place among the open ones, at this moment. */
function split(shards: readonly Shard[], place: number, atMs: number): readonly Shard[] {
  const open = shards.filter(({ closed }) => closed === undefined);
  const parent = open[place % open.length] as Shard;
  const middle = (parent.startingHashKey + parent.endingHashKey) / 2n;
  const child = { parentIndex: parent.index, createdAtSeconds: Math.floor(atMs / 1000) + 1 };
  return [
    ...shards.map((shard) =>
      shard === parent
        ? { ...shard, closed: { endOffset: toOffset(5n), closedAtMs: atMs } }
        : shard,
    ),
    makeShard(shards.length, parent.startingHashKey, middle, child),
    makeShard(shards.length + 1, middle + 1n, parent.endingHashKey, child),
  ];
}

const whole = makeShard(0, 0n, hashKeys - 1n);
const indexes = (shards: readonly Shard[]): number[] => shards.map(({ index }) => index);

test('at every moment each hash key is in exactly one shard', () => {
  const steps = fc.array(fc.record({ place: fc.nat(20), afterMs: fc.nat(3000) }), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(steps, fc.nat(40_000), (splits, laterMs) => {
      let shards: readonly Shard[] = [whole];
      let atMs = createdAtMs;
      for (const { place, afterMs } of splits) {
        atMs += afterMs;
        shards = split(shards, place, atMs);
      }
      const then = shardsAt(makeStream(shards), createdAtMs + laterMs);
      const ordered = then.toSorted((a, b) => (a.startingHashKey < b.startingHashKey ? -1 : 1));
      let next = 0n;
      for (const { startingHashKey, endingHashKey } of ordered) {
        assert.equal(startingHashKey, next);
        next = endingHashKey + 1n;
      }
      assert.equal(next, hashKeys);
    }),
    { numRuns: 300 },
  );
});

test('a listing from a moment holds what was open then or later, as long as it is kept', () => {
  const shards = split([whole], 0, createdAtMs + hourMs);
  const stream = makeStream(shards);
  assert.deepEqual(indexes(shardsFrom(stream, createdAtMs)), [0, 1, 2]);
  assert.deepEqual(indexes(shardsFrom(stream, createdAtMs + hourMs)), [1, 2]);
  assert.deepEqual(indexes(shardsAt(stream, createdAtMs + hourMs - 1)), [0]);
  assert.deepEqual(indexes(shardsAt(stream, createdAtMs + hourMs)), [1, 2]);
  const lastMs = createdAtMs + 25 * hourMs;
  assert.deepEqual(indexes(keptShards(stream, lastMs - 1)), [0, 1, 2]);
  assert.deepEqual(indexes(keptShards(stream, lastMs)), [1, 2]);
});

test('the trim horizon is the retention ago, but not before the stream', () => {
  const stream = makeStream([whole]);
  assert.equal(trimHorizonMs(stream, createdAtMs + hourMs), createdAtMs);
  assert.equal(trimHorizonMs(stream, createdAtMs + 30 * hourMs), createdAtMs + 6 * hourMs);
});

test('a listing continues after a shard id, whether there is such a shard or not', () => {
  const shards = split([whole], 0, createdAtMs);
  assert.deepEqual(indexes(shardsAfter(shards, 'shardId-000000000000')), [1, 2]);
  assert.deepEqual(indexes(shardsAfter(shards, 'shardId-000000000009')), []);
  assert.deepEqual(indexes(shardsAfter(shards, 'a')), [0, 1, 2]);
  assert.deepEqual(indexes(shardsAfter(shards, 'z')), []);
});

test('a shard is shown with its parents, its range, and an ending number once it is closed', () => {
  const [parent, , right] = split([whole], 0, createdAtMs).map(viewShard);
  assert.equal(parent?.ShardId, 'shardId-000000000000');
  assert.equal(parent.ParentShardId, undefined);
  assert.deepEqual(parent.HashKeyRange, {
    StartingHashKey: '0',
    EndingHashKey: '340282366920938463463374607431768211455',
  });
  assert.match(parent.SequenceNumberRange.EndingSequenceNumber ?? '', /^\d{56}$/);
  assert.equal(right?.ParentShardId, 'shardId-000000000000');
  assert.equal(right.SequenceNumberRange.EndingSequenceNumber, undefined);
  const { StartingSequenceNumber: starting } = right.SequenceNumberRange;
  const ending = parent.SequenceNumberRange.EndingSequenceNumber ?? '';
  assert.ok(BigInt(starting) > BigInt(parent.SequenceNumberRange.StartingSequenceNumber));
  assert.match(ending, /^\d{56}$/);
});
