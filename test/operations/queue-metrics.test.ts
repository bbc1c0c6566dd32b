import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { observeQueues } from '../../src/operations/queue-metrics.ts';

const queueOf = (n: number) => ({ id: `orders-${n}`, name: `name-${n}` });
const linesOf = (text: string) => text.split('\n').filter((line) => /^\w/.test(line));

test('receives and acknowledgements are counted for each queue', async () => {
  const registry = new Registry();
  const observer = observeQueues(registry);
  observer.received(queueOf(1), 7);
  assert.ok((await registry.metrics()).includes('queue="orders-1",name="name-1"} 7'));
  observer.received(queueOf(1), 3);
  observer.received(queueOf(1), 0);
  observer.acknowledged(queueOf(1), 4);
  observer.received(queueOf(2), 0);
  const [one, two] = [1, 2].map((n) => `{queue="orders-${n}",name="name-${n}"}`);
  assert.deepEqual(linesOf(await registry.metrics()), [
    `kineska_received_queue_records_total${one} 10`,
    `kineska_received_queue_records_total${two} 0`,
    `kineska_acknowledged_queue_records_total${one} 4`,
    `kineska_acknowledged_queue_records_total${two} 0`,
    `kineska_empty_receives_total${one} 1`,
    `kineska_empty_receives_total${two} 1`,
  ]);
});

test('beyond 200 queues, calls of further ones are counted together', async () => {
  const registry = new Registry();
  const observer = observeQueues(registry);
  for (let n = 0; n < 203; n += 1) observer.received(queueOf(n), 2);
  const received = linesOf(await registry.metrics()).filter((line) => line.includes('_received_'));
  assert.equal(received.length, 201);
  assert.ok(received.at(-1)!.endsWith('{queue="other",name="other"} 6'));
});

test('a queue that is not used any more gives its series to another one', async () => {
  const registry = new Registry();
  const observer = observeQueues(registry, 0);
  for (let n = 0; n < 200; n += 1) observer.received(queueOf(n), 1);
  await registry.metrics();
  observer.received(queueOf(200), 1);
  const lines = linesOf(await registry.metrics());
  assert.equal(lines.length, 600);
  assert.ok(!lines.some((line) => line.includes('"orders-0"')));
  assert.ok(lines.some((line) => line.includes('_received_') && line.includes('"orders-200"')));
});
