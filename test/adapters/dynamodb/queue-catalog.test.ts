import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { Database } from '../../../adapters/dynamodb/database.ts';
import { openQueueCatalog } from '../../../adapters/dynamodb/queue-catalog.ts';
import { isGatewayError } from '../../../src/domain/errors.ts';
import type { Queue } from '../../../src/domain/queues/queue.ts';
import { sharedEngines } from '../../support/engines.ts';
import { openLossyLine } from '../../support/lossy-line.ts';

const { dynamodbEndpoint } = await sharedEngines();
const nowMs = 1_795_000_000_123;

async function open(
  t: TestContext,
  { table = `catalog-${randomUUID()}`, endpoint = dynamodbEndpoint } = {},
) {
  const database = await Database.open({ endpoint, region: 'us-east-1' });
  t.after(() => database.close());
  return { catalog: openQueueCatalog(database, table), database, table };
}

function queueOf(id: string, change: Partial<Queue> = {}): Queue {
  return {
    id,
    name: `name-of-${id}`,
    stream: { name: 'orders', createdAtMs: nowMs - 1_000 },
    start: { type: 'LATEST' },
    attributes: { visibilitySeconds: 30, receivesMax: 6 },
    status: 'CREATING',
    createdAtMs: nowMs,
    tags: {},
    lockMs: 0,
    shardCount: 0,
    extends: false,
    version: 1,
    ...change,
  };
}

function changed(queue: Queue, change: Partial<Queue>): Queue {
  return { ...queue, ...change, version: queue.version + 1 };
}

const conflict = (error: unknown): boolean => isGatewayError(error, 'conflict');
const inUse = (error: unknown): boolean => isGatewayError(error, 'in-use');
const unavailable = (error: unknown): boolean => isGatewayError(error, 'unavailable');

function failuresOf(results: readonly PromiseSettledResult<void>[]): unknown[] {
  return results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
}

test('a queue is read as it was stored, by its id and by its name', async (t) => {
  const { catalog } = await open(t);
  assert.equal(await catalog.get('a'), undefined);
  assert.equal(await catalog.idOf('name-of-a'), undefined);
  const queue = queueOf('a', {
    start: { type: 'AT_TIMESTAMP', timestampMs: nowMs - 5 },
    attributes: { visibilitySeconds: 0 },
    tags: { 'a.b': '', 'kept as it is': 'ä=/@' },
    policy: '{ "Version": "2012-10-17",\n"Statement":[] , "é\\u00e9\\\\": ""}\ud800',
    firstOffsets: ['0', '9223372036854775807'],
    startsAtMs: nowMs - 1,
  });
  await catalog.create(queue);
  assert.deepEqual(await catalog.get('a'), queue);
  assert.equal(await catalog.idOf('name-of-a'), 'a');
  assert.equal(await catalog.get('name-of-a'), undefined);
});

test('a change replaces all of a queue, and takes away what is absent', async (t) => {
  const { catalog } = await open(t);
  const before = queueOf('a', { policy: '{}', tags: { one: 'tag' }, firstOffsets: ['1'] });
  await catalog.create(before);
  const { policy: _, firstOffsets: _offsets, ...rest } = before;
  const after = changed(rest, {
    start: { type: 'TRIM_HORIZON' },
    attributes: { visibilitySeconds: 43_200 },
    status: 'ACTIVE',
    tags: {},
    lockMs: 30_000,
    shardCount: 18_750,
    extends: true,
  });
  await catalog.replace(before, after);
  assert.deepEqual(await catalog.get('a'), after);
});

test('of two changes of one version one wins, also when they are the same', async (t) => {
  const { catalog, table } = await open(t);
  const { catalog: another } = await open(t, { table });
  let before = queueOf('a');
  await catalog.create(before);
  for (let round = 0; round < 20; round += 1) {
    const after = changed(before, { shardCount: round });
    const results = await Promise.allSettled([
      catalog.replace(before, after),
      another.replace(before, after),
    ]);
    const failures = failuresOf(results);
    assert.equal(failures.length, 1);
    assert.ok(failures.every(conflict));
    before = after;
  }
  assert.deepEqual(await catalog.get('a'), before);
});

test('of queues that are created with one name at once, one gets it', async (t) => {
  const { catalog, table } = await open(t);
  const { catalog: another } = await open(t, { table });
  for (let round = 0; round < 8; round += 1) {
    const name = `orders-${round}`;
    const queues = [0, 1, 2, 3].map((each) => queueOf(`${round}-${each}`, { name }));
    const results = await Promise.allSettled(
      queues.map((queue, each) => (each % 2 === 0 ? catalog : another).create(queue)),
    );
    const failures = failuresOf(results);
    assert.equal(failures.length, 3);
    assert.ok(failures.every(inUse));
    const winner = queues[results.findIndex(({ status }) => status === 'fulfilled')]!;
    assert.equal(await catalog.idOf(name), winner.id);
    for (const queue of queues) {
      assert.deepEqual(await catalog.get(queue.id), queue === winner ? queue : undefined);
    }
  }
});

test('an id is taken once, and then its second name is free', async (t) => {
  const { catalog } = await open(t);
  await catalog.create(queueOf('a'));
  await assert.rejects(catalog.create(queueOf('a', { name: 'other' })), conflict);
  assert.equal(await catalog.idOf('other'), undefined);
});

test('a queue goes together with its name, if it is still this version', async (t) => {
  const { catalog } = await open(t);
  const first = queueOf('a', { name: 'orders' });
  await catalog.create(first);
  const later = changed(first, { status: 'DELETING' });
  await catalog.replace(first, later);
  await assert.rejects(catalog.remove(first), conflict);
  assert.deepEqual(await catalog.get('a'), later);
  await catalog.remove(later);
  assert.equal(await catalog.get('a'), undefined);
  assert.equal(await catalog.idOf('orders'), undefined);
  await assert.rejects(catalog.remove(later), conflict);
  await assert.rejects(catalog.replace(later, changed(later, {})), conflict);
  assert.equal(await catalog.get('a'), undefined);
  const second = queueOf('b', { name: 'orders' });
  await catalog.create(second);
  await assert.rejects(catalog.remove(later), conflict);
  assert.equal(await catalog.idOf('orders'), 'b');
});

test('a queue takes no name with it that belongs to another one', async (t) => {
  const { catalog, database, table } = await open(t);
  const queue = queueOf('a', { name: 'orders' });
  await catalog.create(queue);
  const key = { scope: { S: 'queue-names' }, key: { S: 'orders' } };
  await database.client.putItem({ TableName: table, Item: { ...key, id: { S: 'b' } } });
  await assert.rejects(catalog.remove(queue), conflict);
  assert.deepEqual(await catalog.get('a'), queue);
  assert.equal(await catalog.idOf('orders'), 'b');
});

test('a queue keeps its id and its name', async (t) => {
  const { catalog } = await open(t);
  const queue = queueOf('a');
  await catalog.create(queue);
  const internal = (error: unknown): boolean => isGatewayError(error, 'internal');
  await assert.rejects(catalog.replace(queue, changed(queue, { name: 'other' })), internal);
  await assert.rejects(catalog.replace(queue, changed(queue, { id: 'b' })), internal);
  assert.deepEqual(await catalog.get('a'), queue);
});

test('pages are ordered by id, and the last one has no next', async (t) => {
  const { catalog } = await open(t);
  assert.deepEqual(await catalog.list({ countMax: 10 }), { queues: [] });
  for (const id of ['c', 'a-2', 'B', 'a-10', 'b']) await catalog.create(queueOf(id));
  const idsOf = async (range: { after?: string; countMax: number }) => {
    const { queues, next } = await catalog.list(range);
    return [queues.map(({ id }) => id), next];
  };
  assert.deepEqual(await idsOf({ countMax: 2 }), [['B', 'a-10'], 'a-10']);
  assert.deepEqual(await idsOf({ after: 'a-10', countMax: 2 }), [['a-2', 'b'], 'b']);
  assert.deepEqual(await idsOf({ after: 'b', countMax: 2 }), [['c'], undefined]);
  assert.deepEqual(await idsOf({ countMax: 5 }), [['B', 'a-10', 'a-2', 'b', 'c'], undefined]);
  // A queue that is gone meanwhile is a place in the order, too.
  assert.deepEqual(await idsOf({ after: 'a-100', countMax: 1 }), [['a-2'], 'a-2']);
  assert.deepEqual(await catalog.get('a-2'), queueOf('a-2'));
});

test('a page is full although its queues are larger than an answer of DynamoDB', async (t) => {
  const { catalog } = await open(t);
  const policy = 'x'.repeat(90_000);
  const ids = Array.from({ length: 24 }, (_, index) => String(index).padStart(2, '0'));
  for (const id of ids) await catalog.create(queueOf(id, { policy }));
  const { queues, next } = await catalog.list({ countMax: 23 });
  assert.deepEqual(
    queues.map(({ id }) => id),
    ids.slice(0, 23),
  );
  assert.equal(next, '22');
});

test('attributes of a later version stay when a queue is changed', async (t) => {
  const { catalog, database, table } = await open(t);
  const before = queueOf('a');
  await catalog.create(before);
  const Key = { scope: { S: 'queues' }, key: { S: 'a' } };
  await database.client.updateItem({
    TableName: table,
    Key,
    UpdateExpression: 'SET later = :later',
    ExpressionAttributeValues: { ':later': { M: { of: { S: 'another version' } } } },
  });
  const after = changed(before, { status: 'ACTIVE' });
  await catalog.replace(before, after);
  assert.deepEqual(await catalog.get('a'), after);
  const { Item: row } = await database.client.getItem({ TableName: table, Key });
  assert.deepEqual(row?.['later'], { M: { of: { S: 'another version' } } });
});

test('a change whose answer is lost is made once, and is no conflict', async (t) => {
  const line = await openLossyLine(t, dynamodbEndpoint);
  const { catalog } = await open(t, { endpoint: line.endpoint });
  const queue = queueOf('a');
  await catalog.create(queueOf('z'));
  line.lose('TransactWriteItems');
  await catalog.create(queue);
  assert.deepEqual(await catalog.get('a'), queue);
  const after = changed(queue, { status: 'ACTIVE' });
  line.lose('UpdateItem');
  await catalog.replace(queue, after);
  assert.deepEqual(await catalog.get('a'), after);
  line.lose('TransactWriteItems');
  await catalog.remove(after);
  assert.equal(await catalog.get('a'), undefined);
  assert.equal(line.left(), 0);
});

test('a creation of unknown outcome can be repeated', async (t) => {
  const line = await openLossyLine(t, dynamodbEndpoint);
  const { catalog } = await open(t, { endpoint: line.endpoint });
  await catalog.create(queueOf('z'));
  line.lose('TransactWriteItems', 3);
  await assert.rejects(catalog.create(queueOf('a')), unavailable);
  await catalog.create(queueOf('a'));
  assert.deepEqual(await catalog.get('a'), queueOf('a'));
  assert.equal(line.left(), 0);
});
