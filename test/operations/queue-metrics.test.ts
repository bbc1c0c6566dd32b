import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import type { ObservedReceipt } from '../../src/ports/observer.ts';
import { LockedRecords } from '../../src/operations/locked-records.ts';
import { observeQueues } from '../../src/operations/queue-metrics.ts';

const queueOf = (n: number) => ({ id: `orders-${n}`, name: `name-${n}` });
const receipts = (count: number, more: Partial<ObservedReceipt> = {}) =>
  Array.from({ length: count }, (): ObservedReceipt => {
    return { kind: 'live', inFlightUntilMs: Date.now() + 3_600_000, ...more };
  });
const linesOf = (text: string) => text.split('\n').filter((line) => /^\w/.test(line));

test('receives and acknowledgements are counted for each queue', async () => {
  const registry = new Registry();
  const observer = observeQueues(registry);
  observer.received(queueOf(1), receipts(7));
  assert.ok((await registry.metrics()).includes('queue="orders-1",name="name-1"} 7'));
  observer.received(queueOf(1), receipts(3));
  observer.received(queueOf(1), receipts(0));
  observer.acknowledged(queueOf(1), 4);
  observer.received(queueOf(2), receipts(0));
  const [one, two] = [1, 2].map((n) => `{queue="orders-${n}",name="name-${n}"}`);
  assert.deepEqual(linesOf(await registry.metrics()), [
    `kineska_received_queue_records_total${one} 10`,
    `kineska_received_queue_records_total${two} 0`,
    `kineska_acknowledged_queue_records_total${one} 4`,
    `kineska_acknowledged_queue_records_total${two} 0`,
    `kineska_empty_receives_total${one} 1`,
    `kineska_empty_receives_total${two} 1`,
    `kineska_locked_queue_records${one} 0`,
    `kineska_locked_queue_records${two} 0`,
  ]);
});

test('beyond 200 queues, calls of further ones are counted together', async () => {
  const registry = new Registry();
  const observer = observeQueues(registry);
  for (let n = 0; n < 203; n += 1) observer.received(queueOf(n), receipts(2));
  const received = linesOf(await registry.metrics()).filter((line) => line.includes('_received_'));
  assert.equal(received.length, 201);
  assert.ok(received.at(-1)!.endsWith('{queue="other",name="other"} 6'));
});

test('a queue that is not used any more gives its series to another one', async () => {
  const registry = new Registry();
  const observer = observeQueues(registry, 0);
  for (let n = 0; n < 200; n += 1) observer.received(queueOf(n), receipts(1));
  await registry.metrics();
  observer.received(queueOf(200), receipts(1));
  const lines = linesOf(await registry.metrics());
  assert.equal(lines.length, 800);
  assert.ok(!lines.some((line) => line.includes('"orders-0"')));
  assert.ok(lines.some((line) => line.includes('_received_') && line.includes('"orders-200"')));
});

test('what one gateway gives out and another one settles is in flight until then', async () => {
  const held = { kind: 'held' } as const;
  const registries = [new Registry(), new Registry()];
  const [one, other] = registries.map((registry) => observeQueues(registry));
  const locked = async () => {
    const found = await Promise.all(registries.map((registry) => registry.metrics()));
    const counts = found.map(
      (text) => /^kineska_locked_queue_records\{.*\} (.+)$/m.exec(text)?.[1],
    );
    return counts.map((count = '0') => Number(count));
  };
  const given = [...receipts(5, held), ...receipts(2)];
  one!.received(queueOf(1), given);
  assert.deepEqual(await locked(), [5, 0]);
  other!.settled(queueOf(1), given.slice(0, 2));
  one!.settled(queueOf(1), given.slice(2, 3));
  assert.deepEqual(await locked(), [4, -2]);
});

test('a record is not locked any more when its lock has ended', () => {
  const records = new LockedRecords();
  records.change(receipts(3, { kind: 'held', inFlightUntilMs: 5_000 }), 1);
  records.change(receipts(4, { kind: 'held', inFlightUntilMs: 6_000 }), 1);
  assert.equal(records.count(4_999), 7);
  assert.equal(records.count(5_000), 4);
  records.change(receipts(1, { kind: 'held', inFlightUntilMs: 6_000 }), -1);
  assert.equal(records.count(5_000), 3);
  assert.equal(records.count(6_000), 0);
});
