import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyedRates } from '../../../src/streams/limits/keyed-rates.ts';
import { type BudgetUses, SharedBudgets } from '../../../src/streams/limits/shared-budgets.ts';
import { type LimitedStream, ShardLimits } from '../../../src/streams/limits/shard-limits.ts';

const mib = 1024 * 1024;
const stream: LimitedStream = {
  ...{ name: 'orders', logId: 'log of orders', rules: 'kinesis', mode: 'PROVISIONED' },
  recordKiBMax: 1024,
};

/** Processes that tell each other; what they tell goes the way of the real one, as JSON. */
function processes(count: number) {
  const clock = { ms: 0, nowMs: () => clock.ms };
  const told: BudgetUses[] = [];
  const each = Array.from({ length: count }, (_, self) => {
    const shards = new ShardLimits(clock, { isShared: true });
    const calls = new KeyedRates(clock, 10, { isShared: true });
    const tell = async (uses: BudgetUses) => {
      told.push(uses);
      const heard = JSON.parse(JSON.stringify(uses)) as BudgetUses;
      for (const [at, other] of each.entries()) if (at !== self) other.budgets.take(heard);
    };
    return { shards, calls, budgets: new SharedBudgets({ shards, calls, tell }) };
  });
  const tellAll = async () => {
    for (const { budgets } of each) budgets.tellNow();
    // A report is handed over in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, told, tellAll, one: each[0]!, other: each[1]! };
}

test('what one process grants, the other charges', async () => {
  const { clock, tellAll, one, other } = processes(2);
  assert.equal(one.shards.takeWrite(stream, 0, mib, 1), 0);
  await tellAll();
  assert.equal(other.shards.takeWrite(stream, 0, mib, 1), 1_000);
  assert.equal(other.shards.takeWrite(stream, 1, mib, 1), 0, 'another shard is another budget');
  await tellAll();
  assert.equal(one.shards.takeWrite(stream, 1, 1, 1), 1);
  clock.ms = 1_000;
  assert.equal(other.shards.takeWrite(stream, 0, mib, 1), 0);
});

test('what both granted before their reports becomes a deficit afterwards', async () => {
  const { clock, tellAll, one, other } = processes(2);
  assert.equal(one.shards.takeWrite(stream, 0, mib, 1), 0);
  assert.equal(other.shards.takeWrite(stream, 0, mib, 1), 0);
  await tellAll();
  clock.ms = 1_000;
  for (const { shards } of [one, other]) assert.equal(shards.takeWrite(stream, 0, 1, 1), 1);
  clock.ms = 2_000;
  assert.equal(one.shards.takeWrite(stream, 0, mib, 1), 0);
});

test('what is read, iterators, subscriptions and actions are told, too', async () => {
  const { tellAll, one, other } = processes(2);
  const records = Array.from({ length: 600 }, () => ({ key: null, value: Buffer.alloc(1) }));
  assert.equal(one.shards.takeRecords(stream, 0, records), 600);
  for (let call = 0; call < 3; call++) {
    assert.equal(one.shards.beginRead(stream, 0), 0);
    assert.equal(one.shards.takeIterator(stream, 0), true);
  }
  one.shards.endRead(stream, 0, mib);
  assert.equal(one.shards.takeSubscription(stream, 'a consumer'), true);
  assert.equal(one.calls.take('DescribeLimits', 1), true);
  await tellAll();
  assert.equal(other.shards.takeRecords(stream, 0, records), 400);
  const iterators = [1, 2, 3].map(() => other.shards.takeIterator(stream, 0));
  assert.deepEqual(iterators, [true, true, false]);
  const reads = [1, 2, 3].map(() => other.shards.beginRead(stream, 0));
  assert.deepEqual(reads, [0, 0, 200]);
  assert.equal(other.shards.chargeRead(stream, 0, 2 * mib), 500);
  assert.equal(other.shards.takeSubscription(stream, 'a consumer'), false);
  assert.equal(other.shards.takeSubscription(stream, 'another'), true);
  assert.equal(other.calls.take('DescribeLimits', 1), false);
});

test('GetRecords of one process has half beside Kafka consumers of another', async () => {
  const { clock, tellAll, one, other } = processes(2);
  const waitUntilMs = [0, 0, 0, 0];
  const read = { kafka: 0, kinesis: 0 };
  for (; clock.ms < 60_000; clock.ms++) {
    if (clock.ms % 20 === 0) await tellAll();
    if (clock.ms % 200 === 0 && one.shards.beginRead(stream, 0) === 0) {
      one.shards.endRead(stream, 0, 800_000);
      read.kinesis += 800_000;
    }
    for (const [consumer, untilMs] of waitUntilMs.entries()) {
      if (untilMs > clock.ms) continue;
      waitUntilMs[consumer] = clock.ms + 1 + other.shards.chargeRead(stream, 0, 500_000);
      read.kafka += 500_000;
    }
  }
  const allBytes = 60 * 2 * mib;
  const [kinesis, kafka] = [read.kinesis / allBytes, read.kafka / allBytes];
  assert.ok(kinesis > 0.4, `${kinesis} by GetRecords`);
  assert.ok(kafka > 0.4, `${kafka} by Kafka`);
  assert.ok(kinesis + kafka < 1.05, `${kinesis} and ${kafka}`);
});

test('after an answer of 10 MiB all processes refuse for 5 s', async () => {
  const { clock, tellAll, one, other } = processes(2);
  assert.equal(one.shards.beginRead(stream, 0), 0);
  one.shards.endRead(stream, 0, 10 * mib);
  await tellAll();
  assert.equal(other.shards.beginRead(stream, 0), 5_000);
  clock.ms = 5_000;
  assert.equal(other.shards.beginRead(stream, 0), 0);
});

test('what others wrote is no usage of this process, and nothing is told on', async () => {
  const { told, tellAll, one, other } = processes(2);
  const busy: LimitedStream = { ...stream, mode: 'ON_DEMAND' };
  one.shards.chargeWrite(busy, 0, 100, 2);
  await tellAll();
  await tellAll();
  assert.equal(told.length, 1);
  assert.deepEqual(other.shards.takeUsage(), []);
  assert.equal(one.shards.takeUsage()[0]?.shards[0]?.bytes, 100);
});

test('at most one report is in flight, and what is taken meanwhile is in the next', async () => {
  const clock = { nowMs: () => 0 };
  const shards = new ShardLimits(clock, { isShared: true });
  const calls = new KeyedRates(clock, 10, { isShared: true });
  const told: BudgetUses[] = [];
  let handOver = () => {};
  const tell = (uses: BudgetUses) => {
    told.push(uses);
    return new Promise<void>((resolve) => (handOver = resolve));
  };
  const budgets = new SharedBudgets({ shards, calls, tell });
  for (let call = 0; call < 3; call++) {
    shards.chargeWrite(stream, 0, 1, 1);
    budgets.tellNow();
  }
  assert.equal(told.length, 1);
  handOver();
  await new Promise((resolve) => setImmediate(resolve));
  budgets.tellNow();
  assert.deepEqual(
    told.map((uses) => uses.shards[0]?.records),
    [1, 2],
  );
});
