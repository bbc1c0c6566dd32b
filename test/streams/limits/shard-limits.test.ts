import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyedRates } from '../../../src/streams/limits/keyed-rates.ts';
import { type LimitedStream, ShardLimits } from '../../../src/streams/limits/shard-limits.ts';

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

/** A Kafka producer that always has more, beside puts; what each has written in so many seconds. */
function shareShard(putBytes: number, putEveryMs: number, producers: number, seconds: number) {
  const clock = newClock();
  const limits = new ShardLimits(clock);
  const stream = streamOf('orders');
  const waitUntilMs = Array.from({ length: producers }, () => 0);
  const written = { kafka: 0, kinesis: 0 };
  for (; clock.ms < seconds * 1_000; clock.ms++) {
    if (putEveryMs > 0 && clock.ms % putEveryMs === 0) {
      if (limits.takeWrite(stream, 0, putBytes, 1) === 0) written.kinesis += putBytes;
    }
    for (const [index, untilMs] of waitUntilMs.entries()) {
      if (untilMs > clock.ms) continue;
      waitUntilMs[index] = clock.ms + 1 + limits.chargeWrite(stream, 0, 100_000, 10);
      written.kafka += 100_000;
    }
  }
  const allBytes = seconds * mib;
  return { kafka: written.kafka / allBytes, kinesis: written.kinesis / allBytes };
}

for (const producers of [1, 5]) {
  test(`puts have half of a shard beside ${producers} that always have more`, () => {
    const { kafka, kinesis } = shareShard(20_000, 5, producers, 60);
    assert.ok(kinesis > 0.45, `${kinesis} by puts`);
    assert.ok(kafka > 0.45, `${kafka} by Kafka`);
    assert.ok(kafka + kinesis < 1.05, `${kafka} and ${kinesis}`);
  });

  test(`few puts have most of what they want beside ${producers} that always have more`, () => {
    const wanted = (10_000 * 10) / mib;
    const { kafka, kinesis } = shareShard(10_000, 100, producers, 60);
    assert.ok(kinesis > 0.75 * wanted, `${kinesis} of ${wanted} by puts`);
    assert.ok(kafka > 0.45, `${kafka} by Kafka`);
  });

  test(`without puts ${producers} have all of a shard`, () => {
    assert.ok(shareShard(1, 0, producers, 60).kafka > 0.98);
  });
}

test('reads that poll have half of a shard beside those that are never refused', () => {
  const clock = newClock();
  const limits = new ShardLimits(clock);
  const stream = streamOf('orders');
  let waitUntilMs = 0;
  const read = { kafka: 0, kinesis: 0 };
  for (; clock.ms < 60_000; clock.ms++) {
    if (clock.ms % 200 === 0 && limits.beginRead(stream, 0) === 0) {
      limits.endRead(stream, 0, 250_000);
      read.kinesis += 250_000;
    }
    if (waitUntilMs > clock.ms) continue;
    waitUntilMs = clock.ms + 1 + limits.chargeRead(stream, 0, 500_000);
    read.kafka += 500_000;
  }
  const allBytes = 60 * 2 * mib;
  assert.ok(read.kinesis / allBytes > 0.35, `${read.kinesis / allBytes} by GetRecords`);
  assert.ok(read.kafka / allBytes > 0.4, `${read.kafka / allBytes} by Kafka`);
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
