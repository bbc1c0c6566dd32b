import assert from 'node:assert/strict';
import test from 'node:test';
import {
  changesPerRoundMax,
  nextRound,
  observed,
  onDemandShardsMin,
  shardsWanted,
  type ShardWrites,
} from '../../../src/domain/streams/on-demand.ts';
import { begun, finished, sealed } from '../../../src/domain/streams/reshard.ts';
import { openShardsOf, shardForPartitionKey } from '../../../src/domain/streams/shard-routing.ts';
import { withMode, withSettings } from '../../../src/domain/streams/stream-settings.ts';
import { activated, newStream, openShardCount } from '../../../src/domain/streams/stream-rules.ts';
import { type Stream, toOffset } from '../../../src/domain/streams/stream.ts';

const mib = 1024 * 1024;
const windowMs = 10_000;
const minuteMs = 60_000;
const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1, 12);

function onDemand(shardCount = onDemandShardsMin): Stream {
  const made = newStream({ name: 'orders', shardCount, mode: 'ON_DEMAND' }, startMs);
  return activated(made, 'log');
}

/** The part of its rate that each open shard is written with, by its place in hash order. */
function writesOf(stream: Stream, shareAt: (place: number) => number): ShardWrites[] {
  return openShardsOf(stream).map(({ index }, place) => ({
    index,
    bytes: shareAt(place) * mib * (windowMs / 1000),
    records: 10,
    isThrottled: shareAt(place) >= 1,
  }));
}

/** One window: what the gateway does at its end, the resharding done. */
function after(stream: Stream, writes: readonly ShardWrites[], nowMs: number): Stream {
  const remembered = withSettings(stream, { onDemand: observed(stream, writes, windowMs, nowMs) });
  const history = remembered.settings!.onDemand!;
  const round = nextRound(remembered, history, writes, windowMs, nowMs);
  if (round === undefined) return remembered;
  const isMerge = round.parents.length > round.children.length;
  const started = isMerge
    ? withSettings(remembered, { onDemand: { ...history, mergedAtMs: nowMs } })
    : remembered;
  const ends = round.parents.map(() => toOffset(5n));
  return finished(sealed(begun(started, round)), ends, nowMs);
}

/** So many MiB/s, evenly over the shards, until the stream has what it needs. */
function underLoad(stream: Stream, mibps: number, nowMs: number): Stream {
  let now = stream;
  for (let windows = 0; windows < 30; windows++) {
    const writes = writesOf(now, () => mibps / openShardCount(now));
    now = after(now, writes, nowMs + windows * windowMs);
  }
  return now;
}

test('a new stream has four shards, and keeps them while it uses half of them', () => {
  const stream = underLoad(onDemand(), 2, startMs);
  assert.equal(openShardCount(stream), 4);
  assert.equal(openShardCount(underLoad(stream, 0, startMs + dayMs)), 4);
});

test('a stream grows to twice its highest rate', () => {
  assert.equal(openShardCount(underLoad(onDemand(), 3, startMs)), 6);
  assert.equal(openShardCount(underLoad(onDemand(), 10, startMs)), 20);
});

test('records a second count as MiB a second do', () => {
  const stream = onDemand();
  const writes = openShardsOf(stream).map(({ index }) => ({
    index,
    bytes: 10,
    records: 750 * (windowMs / 1000),
    isThrottled: false,
  }));
  const history = observed(stream, writes, windowMs, startMs);
  assert.equal(shardsWanted(stream, history, startMs), 6);
});

test('a hot shard is split, and no other', () => {
  const stream = onDemand();
  const grown = after(
    stream,
    writesOf(stream, (place) => (place === 2 ? 0.85 : 0.1)),
    startMs,
  );
  const closed = grown.shards.filter((shard) => shard.closed !== undefined);
  assert.deepEqual(
    closed.map(({ index }) => index),
    [2],
  );
  assert.equal(openShardCount(grown), 5);
});

test('a shard that refuses bursts is split from half of its rate on', () => {
  const stream = onDemand();
  const writes = (share: number) =>
    writesOf(stream, (place) => (place === 0 ? share : 0)).map((each) => ({
      ...each,
      isThrottled: each.index === 0,
    }));
  assert.equal(openShardCount(after(stream, writes(0.3), startMs)), 4);
  assert.equal(openShardCount(after(stream, writes(0.6), startMs)), 5);
});

test('one hot key cannot make a stream grow without end', () => {
  let stream = onDemand();
  for (let windows = 0; windows < 100; windows++) {
    const hot = shardForPartitionKey(stream, 'the one').index;
    const writes = [{ index: hot, bytes: windowMs * 1_048, records: 10, isThrottled: true }];
    stream = after(stream, writes, startMs + windows * windowMs);
  }
  assert.equal(openShardCount(stream), 8);
});

test('capacity follows the peak for 30 days, and goes with it then', () => {
  let stream = underLoad(onDemand(), 16, startMs);
  assert.equal(openShardCount(stream), 32);
  const days = (count: number) => {
    const nowMs = startMs + count * dayMs + minuteMs;
    stream = after(
      stream,
      writesOf(stream, () => 0.01),
      nowMs,
    );
    return openShardCount(stream);
  };
  for (let day = 1; day < 30; day++) assert.equal(days(day), 32, `day ${day}`);
  assert.equal(days(30), 16);
  assert.equal(days(30), 16, 'merged once a day at most');
  assert.equal(days(31), 8);
  assert.equal(days(32), 4);
  assert.equal(days(33), 4);
});

test('shards in use are not merged', () => {
  let stream = onDemand(64);
  stream = withSettings(stream, {
    onDemand: { peaks: [{ day: 0, bytesPerSecond: 0, recordsPerSecond: 0 }] },
  });
  const busy = after(
    stream,
    writesOf(stream, (place) => (place === 9 ? 0.3 : 0)),
    startMs,
  );
  assert.equal(openShardCount(busy), 64);
  assert.equal(openShardCount(after(stream, [], startMs)), 32);
});

test('a stream that becomes on-demand keeps its shards as if it had used half of them', () => {
  const provisioned = { ...onDemand(20), mode: 'PROVISIONED' } as const;
  const changed = withMode(provisioned, 'ON_DEMAND', startMs);
  const idle = after(changed, [], startMs + minuteMs);
  assert.equal(openShardCount(idle), 20);
  assert.equal(shardsWanted(idle, idle.settings!.onDemand!, startMs + minuteMs), 20);
  const back = withMode(idle, 'PROVISIONED', startMs + 2 * minuteMs);
  assert.equal(back.settings?.onDemand, undefined);
});

test('one round changes no more shards than a row of the catalog has room for', () => {
  let stream = withSettings(onDemand(400), { warmThroughputMiBps: 2_000 });
  stream = after(stream, [], startMs);
  assert.equal(openShardCount(stream), 400 + changesPerRoundMax);
  for (let round = 0; openShardCount(stream) < 2_000; round++) {
    assert.ok(round < 10);
    stream = after(stream, [], startMs);
  }
  stream = withSettings(stream, { warmThroughputMiBps: 0 });
  const idle = after(stream, [], startMs + 31 * dayMs);
  assert.equal(openShardCount(idle), 2_000 - changesPerRoundMax);
});

test('what is kept warm is there without any use', () => {
  const stream = withSettings(onDemand(), { warmThroughputMiBps: 7 });
  assert.equal(openShardCount(after(stream, [], startMs)), 7);
});

test('the history has one peak a day of 30 days, and changes only when a peak rises', () => {
  let stream = onDemand();
  for (let day = 0; day < 100; day++) {
    stream = after(
      stream,
      writesOf(stream, () => 0.2),
      startMs + day * dayMs,
    );
  }
  const { peaks } = stream.settings!.onDemand!;
  assert.equal(peaks.length, 30);
  assert.equal(peaks.at(-1)!.day - peaks[0]!.day, 29);
  const nowMs = startMs + 99 * dayMs;
  const history = stream.settings!.onDemand!;
  const again = writesOf(stream, () => 0.2);
  assert.equal(observed(stream, again, windowMs, nowMs), history);
  assert.notEqual(
    observed(
      stream,
      writesOf(stream, () => 0.3),
      windowMs,
      nowMs,
    ),
    history,
  );
});

test('open shards cover every hash key after any growing and shrinking', () => {
  let stream = onDemand();
  for (let step = 0; step < 200; step++) {
    const writes = writesOf(stream, (place) => ((place * 7 + step * 13) % 11) / 10);
    stream = after(stream, step % 3 === 0 ? [] : writes, startMs + step * 5 * dayMs);
    let next = 0n;
    for (const { startingHashKey, endingHashKey } of openShardsOf(stream)) {
      assert.equal(startingHashKey, next);
      next = endingHashKey + 1n;
    }
    assert.equal(next, 2n ** 128n);
  }
});
