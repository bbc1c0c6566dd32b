import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyedRates } from '../../src/streams/keyed-rates.ts';
import { type LimitedStream, ShardLimits } from '../../src/streams/shard-limits.ts';

const mib = 1024 * 1024;

function newClock() {
  const clock = { ms: 0, nowMs: () => clock.ms };
  return clock;
}

function streamOf(name: string, more: Partial<LimitedStream> = {}): LimitedStream {
  const logId = `log of ${name}`;
  return { name, logId, rules: 'kinesis', mode: 'PROVISIONED', recordKiBMax: 1024, ...more };
}

const records = (count: number, bytes = 9) =>
  Array.from({ length: count }, () => ({ key: Buffer.from('k'), value: Buffer.alloc(bytes) }));

test('both ways to write take from the one budget of a shard', () => {
  const clock = newClock();
  const limits = new ShardLimits(clock);
  const stream = streamOf('orders');
  assert.equal(limits.takeWrite(stream, 0, mib / 2, 1), 0);
  assert.equal(limits.chargeWrite(stream, 0, mib, 1), 500);
  assert.equal(limits.takeWrite(stream, 0, 1, 1), 501);
  assert.equal(limits.takeRecords(stream, 0, records(3)), 0);
  assert.equal(limits.takeWrite(stream, 1, mib, 1), 0, 'another shard has its own');
  clock.ms = 1_000;
  assert.equal(limits.takeRecords(stream, 0, records(3)), 3);
});

test('a stream that was made again has new budgets, and one that was read again the same', () => {
  const limits = new ShardLimits(newClock());
  assert.equal(limits.takeWrite(streamOf('orders'), 0, mib, 1), 0);
  assert.equal(limits.takeWrite(streamOf('orders'), 0, mib, 1), 1_000);
  assert.equal(limits.takeWrite(streamOf('orders', { logId: 'another' }), 0, mib, 1), 0);
});

test('a stream with rules of Kafka is granted everything', () => {
  const limits = new ShardLimits(newClock());
  const topic = streamOf('topic', { rules: 'kafka' });
  for (let times = 0; times < 9; times++) {
    assert.equal(limits.takeWrite(topic, 0, mib, 1_000), 0);
    assert.equal(limits.chargeWrite(topic, 0, mib, 1_000), 0);
    assert.equal(limits.takeRecords(topic, 0, records(1_000)), 1_000);
    assert.equal(limits.beginRead(topic, 0), 0);
    limits.endRead(topic, 0, 10 * mib);
    assert.equal(limits.takeIterator(topic, 0), true);
    assert.equal(limits.takeSubscription(topic, 'a'), true);
  }
  assert.equal(limits.fanOutPace(topic), undefined);
});

test('usage of on-demand streams is told once, what was refused apart', () => {
  const limits = new ShardLimits(newClock());
  const stream = streamOf('busy', { mode: 'ON_DEMAND' });
  limits.takeRecords(streamOf('fixed'), 0, records(5));
  limits.takeRecords(stream, 2, records(5));
  limits.chargeWrite(stream, 2, 100, 10);
  limits.takeWrite(stream, 3, 7, 1);
  limits.takeRecords(stream, 3, records(1_000));
  const shards = [
    { index: 2, bytes: 150, records: 15, isThrottled: false },
    { index: 3, bytes: 9_997, records: 1_000, isThrottled: true },
  ];
  assert.deepEqual(limits.takeUsage(), [{ name: 'busy', logId: 'log of busy', shards }]);
  assert.deepEqual(limits.takeUsage(), []);
});

test('budgets are bounded: the idle ones are forgotten, and those in use kept', () => {
  const clock = newClock();
  const limits = new ShardLimits(clock);
  const many = streamOf('many');
  const used = streamOf('used');
  for (let shard = 0; shard < 99_999; shard++) limits.takeWrite(many, shard, 1, 1);
  clock.ms = 30_000;
  assert.equal(limits.takeWrite(used, 0, mib, 1), 0);
  assert.equal(limits.takeWrite(used, 1, mib, 1), 0, 'room was made');
  assert.equal(limits.takeWrite(used, 0, mib, 1), 1_000);
  for (let shard = 2; shard < 100_000; shard++) limits.takeWrite(used, shard, 1, 1);
  limits.takeWrite(streamOf('next'), 0, 1, 1);
  assert.equal(limits.takeWrite(used, 0, mib, 1), 0, 'the one known longest made room');
});

test('rates are kept for each key, and forgotten when they are full or too many', () => {
  const clock = newClock();
  const rates = new KeyedRates(clock, 2);
  assert.deepEqual(
    [rates.take('a', 1), rates.take('a', 1), rates.take('b', 2)],
    [true, false, true],
  );
  clock.ms = 999;
  assert.equal(rates.take('a', 1), false);
  clock.ms = 1_000;
  assert.equal(rates.take('c', 1), true, 'b was full again');
  assert.equal(rates.take('a', 1), true);
  assert.equal(rates.take('a', 1), false);
  assert.equal(rates.take('d', 1), true);
  assert.equal(rates.take('a', 1), true, 'the one known longest made room');
});
