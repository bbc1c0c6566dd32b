import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  SpreadTurns,
  stickBytesMax,
  stickRecordsMax,
} from '../../../src/domain/streams/spread-turns.ts';
import { newStream } from '../../../src/domain/streams/stream-rules.ts';
import { type Stream, toOffset } from '../../../src/domain/streams/stream.ts';

function streamOf(shardCount: number): Stream {
  return newStream({ name: 's', shardCount, mode: 'ON_DEMAND' }, 0);
}

/** Starts with the first shard. */
const firstTurns = (): SpreadTurns => new SpreadTurns(() => 0);

/** The shards of so many records of one call. */
function shardsOf(spread: ReturnType<SpreadTurns['begin']>, count: number, bytes = 1): number[] {
  return Array.from({ length: count }, () => spread.shardFor(bytes).index);
}

test('each call starts with the next open shard', () => {
  const turns = firstTurns();
  const stream = streamOf(3);
  const starts = Array.from({ length: 7 }, () => turns.begin(stream).shardFor(1).index);
  assert.deepEqual(starts, [0, 1, 2, 0, 1, 2, 0]);
});

test('a small call goes to one shard; a larger one moves on after a stick', () => {
  const turns = firstTurns();
  const stream = streamOf(3);
  const stick = (shard: number) => Array.from({ length: stickRecordsMax }, () => shard);
  assert.deepEqual(shardsOf(turns.begin(stream), stickRecordsMax), stick(0));
  assert.deepEqual(shardsOf(turns.begin(stream), 3 * stickRecordsMax), [
    ...stick(1),
    ...stick(2),
    ...stick(0),
  ]);
  assert.deepEqual(shardsOf(turns.begin(stream), 3, stickBytesMax), [1, 2, 0]);
  assert.deepEqual(shardsOf(turns.begin(stream), 3, stickBytesMax - 1), [1, 1, 2]);
});

test('gateways begin anywhere', () => {
  const stream = streamOf(4);
  const begun = [0, 0.25, 0.5, 0.999].map(
    (random) => new SpreadTurns(() => random).begin(stream).shardFor(1).index,
  );
  assert.deepEqual(begun, [0, 1, 2, 3]);
});

test('closed shards have no turn', () => {
  const stream = streamOf(3);
  const [first, ...others] = stream.shards;
  const closed = { endOffset: toOffset(5n), closedAtMs: 1 };
  const split = { ...stream, shards: [{ ...first!, closed }, ...others] };
  const turns = firstTurns();
  const starts = Array.from({ length: 4 }, () => turns.begin(split).shardFor(1).index);
  assert.deepEqual(starts, [1, 2, 1, 2]);
});

test('records whose shard was closed go to the open shards of each new view', () => {
  const again = firstTurns().again();
  const [one, other] = [streamOf(1), streamOf(2)];
  const shards = [one, other, other].map((view) => again(view).index);
  assert.deepEqual(shards, [0, 0, 0]);
  const later = Array.from({ length: stickRecordsMax }, () => again(other).index);
  assert.equal(later.at(-1), 1);
});

test('shards without room are passed over, and each of the others is filled', () => {
  const turns = firstTurns();
  const stream = streamOf(4);
  const room = [0, 20, 0, 100];
  const asked: number[] = [];
  const spread = turns.begin(stream, ({ index }) => {
    asked.push(index);
    return room[index]!-- > 0;
  });
  const shards = shardsOf(spread, 60);
  assert.deepEqual(shards, [
    ...Array.from({ length: 20 }, () => 1),
    ...Array.from({ length: 40 }, () => 3),
  ]);
  assert.equal(asked.filter((index) => index === 0).length, 1);
});

test('if no shard has room, each is asked once, and the turns continue', () => {
  const turns = firstTurns();
  const stream = streamOf(3);
  let asked = 0;
  const spread = turns.begin(stream, () => {
    asked++;
    return false;
  });
  const shards = shardsOf(spread, 4 * stickRecordsMax);
  assert.equal(asked, 3);
  assert.equal(new Set(shards).size, 3);
});
