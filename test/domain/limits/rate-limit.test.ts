import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  FanOutPace,
  ReadBudget,
  throttleMsMax,
  TokenBucket,
  WriteBudget,
} from '../../../src/domain/limits/rate-limit.ts';

const mib = 1024 * 1024;

test('a bucket gives its burst at once, then refills at its rate up to the burst', () => {
  const bucket = new TokenBucket(10, 5, 1_000);
  for (let taken = 0; taken < 5; taken++) assert.equal(bucket.take(1, 1_000), true);
  assert.equal(bucket.take(1, 1_000), false);
  assert.equal(bucket.waitMs(1, 1_000), 100);
  assert.equal(bucket.take(1, 1_099), false);
  assert.equal(bucket.take(1, 1_100), true);
  assert.equal(bucket.waitMs(5, 60_000), 0);
  assert.equal(bucket.take(6, 60_000), true, 'more than the burst is taken from a full bucket');
  assert.equal(bucket.waitMs(1, 60_000), 200);
});

test('a clock that steps back refills nothing and does not stop the refilling', () => {
  const bucket = new TokenBucket(1_000, 1_000, 5_000_000);
  bucket.spend(1_000, 5_000_000);
  assert.equal(bucket.take(1, 1_000), false);
  assert.equal(bucket.waitMs(1_000, 1_000), 1_000);
  assert.equal(bucket.take(1_000, 2_000), true);
});

test('a shard takes 1,000 records in a burst and 1,000 a second from then on', () => {
  const budget = new WriteBudget(mib, 0);
  let granted = 0;
  for (let ms = 0; ms < 10_000; ms++) {
    for (let each = 0; each < 3; each++) if (budget.take(10, 1, ms) === 0) granted++;
  }
  assert.ok(granted >= 10_998 && granted <= 11_000, `${granted} records in 10 s`);
});

test('a shard takes 1 MiB in a burst and 1 MiB a second from then on', () => {
  const budget = new WriteBudget(mib, 0);
  let bytes = 0;
  for (let ms = 0; ms < 10_000; ms += 10) {
    for (let each = 0; each < 5; each++) if (budget.take(4_096, 1, ms) === 0) bytes += 4_096;
  }
  assert.ok(bytes > 10.9 * mib && bytes <= 11 * mib, `${bytes} bytes in 10 s`);
});

test('what is refused takes nothing, and is told when it would be granted', () => {
  const budget = new WriteBudget(mib, 0);
  assert.equal(budget.take(mib / 2, 1, 0), 0);
  assert.equal(budget.take(mib, 1, 0), 500);
  assert.equal(budget.take(mib / 2, 999, 0), 0);
  assert.equal(budget.take(0, 1, 0), 1);
});

test('a shard bursts to the size of the largest record that its stream allows', () => {
  const budget = new WriteBudget(10 * mib, 0);
  assert.equal(budget.take(10 * mib, 1, 0), 0);
  assert.equal(budget.take(mib / 10, 1, 0), 100, 'drained by the large record');
  assert.equal(budget.take(mib / 10, 1, 100), 0, 'smaller ones continue as it refills');
  assert.equal(budget.take(10 * mib, 1, 9_000), 1_100);
  budget.recordBytesMax = mib;
  assert.equal(budget.take(2 * mib, 1, 30_000), 0, 'a full budget takes any one record');
  assert.equal(budget.take(1, 1, 30_000), 1_001);
});

test('a charge over the budget becomes a deficit', () => {
  const budget = new WriteBudget(mib, 0);
  assert.equal(budget.charge(mib, 10, 0), 0);
  assert.equal(budget.charge(2 * mib, 10, 0), 2_000);
  assert.equal(budget.charge(0, 3_000, 2_000), 2_000);
  assert.equal(budget.take(1, 1, 4_000), 1);
});

test('five reads a second are granted', () => {
  const budget = new ReadBudget(0);
  for (let call = 0; call < 5; call++) assert.equal(budget.begin(0), 0);
  assert.equal(budget.begin(0), 200);
  assert.equal(budget.begin(199), 1);
  assert.equal(budget.begin(200), 0);
});

test('after a read of 10 MiB, reads are refused for 5 s', () => {
  const budget = new ReadBudget(0);
  assert.equal(budget.begin(0), 0);
  budget.end(10 * mib, 0);
  assert.equal(budget.begin(0), 5_000);
  assert.equal(budget.begin(4_999), 1);
  assert.equal(budget.begin(5_000), 0);
});

test('reads of 2 MiB in a second are granted, and the one that passes them is paid for', () => {
  const budget = new ReadBudget(0);
  for (let call = 0; call < 3; call++) {
    assert.equal(budget.begin(0), 0);
    budget.end(0.6 * mib, 0);
  }
  assert.equal(budget.begin(0), 0);
  budget.end(0.6 * mib, 0);
  assert.equal(budget.begin(0), 300);
});

test('a reader that reads all the time gets 2 MiB a second', () => {
  const budget = new ReadBudget(0);
  let bytes = 0;
  for (let ms = 0; ms < 60_000; ms += 50) {
    if (budget.begin(ms) > 0) continue;
    budget.end(1.5 * mib, ms);
    bytes += 1.5 * mib;
  }
  assert.ok(bytes > 100 * mib && bytes <= 124 * mib, `${bytes} bytes in 60 s`);
});

test('a subscription is paced to 2 MiB a second after the first second', () => {
  const pace = new FanOutPace(0);
  let nowMs = 0;
  for (let event = 0; event < 22; event++) nowMs += pace.delayMs(mib, nowMs);
  assert.equal(nowMs, 10_000);
});

test('a writer that cannot be refused gets a deficit; others are refused until then', () => {
  const budget = new WriteBudget(mib, 0);
  assert.equal(budget.charge(mib, 10, 0), 0, 'a second is there at once');
  assert.equal(budget.charge(mib / 2, 10, 0), 500);
  assert.equal(budget.charge(1, 1_990, 0), 1_010, 'records count as bytes do');
  assert.equal(budget.take(1, 1, 1_000), 11);
  assert.equal(budget.take(1, 1, 1_011), 0);
});

test('a deficit never takes longer than the longest throttle time', () => {
  const budget = new WriteBudget(mib, 0);
  assert.equal(budget.charge(1_000 * mib, 2 ** 31, 0), throttleMsMax);
  assert.equal(budget.charge(0, 0, 1_000), throttleMsMax - 1_000);
  const read = new ReadBudget(0);
  assert.equal(read.charge(1_000 * mib, 0), throttleMsMax);
  assert.equal(read.begin(throttleMsMax - 1), 1);
  assert.equal(read.begin(throttleMsMax), 0);
});

test('readers who are not refused and GetRecords share one budget, in both directions', () => {
  const budget = new ReadBudget(0);
  assert.equal(budget.charge(mib, 0), 0);
  assert.equal(budget.begin(0), 0, 'within the rate it is no matter to others, and no call');
  assert.equal(budget.charge(2 * mib, 0), 500);
  assert.equal(budget.begin(499), 1);
  assert.equal(budget.begin(500), 0);
  budget.end(2 * mib, 500);
  assert.equal(budget.charge(1, 500), 1_001);
});

test('a budget says beforehand exactly which records it will take, and takes nothing by it', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 3 * mib }), { maxLength: 30 });
  const spent = fc.record({
    bytes: fc.integer({ min: 0, max: 2 * mib }),
    records: fc.integer({ min: 0, max: 1_100 }),
  });
  fc.assert(
    fc.property(sizes, spent, fc.nat(1_000), (records, before, nowMs) => {
      const budget = new WriteBudget(2 * mib, 0);
      budget.charge(before.bytes, before.records, 0);
      let pending = 0;
      let count = 0;
      for (const bytes of records) {
        if (!budget.hasRoom(pending, count, bytes, nowMs)) break;
        pending += bytes;
        count++;
      }
      let granted = 0;
      for (const bytes of records) {
        if (budget.take(bytes, 1, nowMs) > 0) break;
        granted++;
      }
      assert.equal(count, granted);
    }),
  );
});
