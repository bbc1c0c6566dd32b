import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { evenRanges, hashKeyMax } from '../../../src/domain/streams/hash-key.ts';
import {
  begun,
  finished,
  isSealed,
  mergeOf,
  partitionsWanted,
  sealed,
  splitOf,
  takenOver,
  uniformRound,
  undone,
  unsealed,
} from '../../../src/domain/streams/reshard.ts';
import { openDescendant, openShardsOf } from '../../../src/domain/streams/shard-routing.ts';
import { activated, newStream } from '../../../src/domain/streams/stream-rules.ts';
import { isOpen, toOffset, type HashKey, type Stream } from '../../../src/domain/streams/stream.ts';

const nowMs = 1_795_000_000_000;

function streamOf(shardCount: number): Stream {
  return activated(newStream({ name: 's', shardCount, mode: 'PROVISIONED' }, nowMs), 'log');
}

/** Runs rounds to their end; answers the stream and how many rounds it took. */
function uniform(stream: Stream, target: number): { stream: Stream; rounds: number } {
  const round = uniformRound(stream, target);
  if (round === undefined) return { stream, rounds: 0 };
  let now = begun(stream, round, target);
  let rounds = 0;
  while (now.resharding !== undefined) {
    rounds++;
    assert.ok(rounds < 20);
    now = finished(
      sealed(now),
      now.resharding.parents.map(() => toOffset(7n)),
      nowMs,
    );
  }
  return { stream: now, rounds };
}

function assertSound(stream: Stream): void {
  let next = 0n;
  for (const { startingHashKey, endingHashKey } of openShardsOf(stream)) {
    assert.equal(startingHashKey, next);
    assert.ok(endingHashKey >= startingHashKey);
    next = endingHashKey + 1n;
  }
  assert.equal(next, hashKeyMax + 1n);
  for (const [at, shard] of stream.shards.entries()) {
    assert.equal(shard.index, at);
    const parents = [shard.parentIndex, shard.adjacentParentIndex].flatMap((index) =>
      index === undefined ? [] : [stream.shards[index]!],
    );
    for (const parent of parents) {
      assert.ok(!isOpen(parent));
      assert.ok(parent.createdAtSeconds < shard.createdAtSeconds);
    }
    const children = stream.shards.filter((each) =>
      [each.parentIndex, each.adjacentParentIndex].includes(at),
    );
    assert.equal(children.length > 0, !isOpen(shard));
    assert.ok(children.length <= 2);
  }
}

const counts = fc.integer({ min: 1, max: 24 });

test('rounds towards any count end in even ranges, with sound lineage all the way', () => {
  fc.assert(
    fc.property(counts, fc.array(counts, { minLength: 1, maxLength: 4 }), (first, targets) => {
      let stream = streamOf(first);
      for (const target of targets) {
        ({ stream } = uniform(stream, target));
        assertSound(stream);
        const starts = openShardsOf(stream).map((shard) => shard.startingHashKey);
        assert.equal(starts.length, target);
        for (const [at, { startingHashKey }] of evenRanges(target).entries()) {
          const off = starts[at]! - startingHashKey;
          assert.ok(off <= 65_536n && off >= -65_536n);
        }
        assert.equal(stream.status, 'ACTIVE');
      }
    }),
  );
});

test('doubling splits each shard once; halving merges pairs; nothing to do is no round', () => {
  const doubled = uniform(streamOf(3), 6);
  assert.equal(doubled.rounds, 1);
  assert.equal(doubled.stream.shards.length, 9);
  const halved = uniform(doubled.stream, 3);
  assert.equal(halved.rounds, 1);
  assert.equal(halved.stream.shards.length, 12);
  assert.equal(uniformRound(streamOf(4), 4), undefined);
});

test('four shards become three by splits at the new borders and merges behind them', () => {
  const { stream, rounds } = uniform(streamOf(4), 3);
  assert.equal(rounds, 2);
  assert.equal(stream.shards.length, 4 + 4 + 3);
});

test('a split gives the second child its start, a merge names parent and adjacent parent', () => {
  const stream = streamOf(2);
  const at = 1000n as HashKey;
  const split = splitOf(stream.shards[0]!, at);
  assert.deepEqual(split.parents, [0]);
  assert.equal(split.children[0]?.endingHashKey, 999n);
  assert.equal(split.children[1]?.startingHashKey, at);
  const merge = mergeOf(stream.shards[1]!, stream.shards[0]!);
  assert.deepEqual(merge.children, [
    { startingHashKey: 0n, endingHashKey: hashKeyMax, parentIndex: 1, adjacentParentIndex: 0 },
  ]);
});

test('a round is UPDATING until it is finished or undone; only sealed parents are sealed', () => {
  const stream = streamOf(2);
  const round = splitOf(stream.shards[1]!, (stream.shards[1]!.startingHashKey + 5n) as HashKey);
  const draining = begun(stream, round);
  assert.equal(draining.status, 'UPDATING');
  assert.equal(partitionsWanted(draining), 4);
  assert.equal(isSealed(draining, 1), false);
  assert.equal(isSealed(sealed(draining), 1), true);
  assert.equal(isSealed(sealed(draining), 0), false);
  assert.equal(isSealed(unsealed(sealed(draining)), 1), false);
  assert.equal(undone(draining).status, 'ACTIVE');
  assert.equal(undone(draining).resharding, undefined);
  const later = { ...draining, version: draining.version + 3 };
  assert.equal(takenOver(later).resharding?.attempt, later.version + 1);
  const after = finished(sealed(draining), [toOffset(41n)], nowMs + 9);
  assert.deepEqual(after.shards[1]?.closed, { endOffset: 41n, closedAtMs: nowMs + 9 });
  assert.equal(after.shards.length, 4);
});

test('what a closed shard would have taken goes to the open descendant that holds the key', () => {
  const { stream } = uniform(uniform(streamOf(1), 2).stream, 4);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: hashKeyMax }), fc.nat(6), (value, index) => {
      const hashKey = value as HashKey;
      const found = openDescendant(stream, index, hashKey);
      assert.ok(isOpen(found));
      const from = stream.shards[index]!;
      const within = hashKey >= from.startingHashKey && hashKey <= from.endingHashKey;
      assert.ok(found.startingHashKey >= from.startingHashKey);
      assert.ok(found.endingHashKey <= from.endingHashKey);
      if (within) assert.ok(found.startingHashKey <= hashKey && hashKey <= found.endingHashKey);
    }),
  );
});
