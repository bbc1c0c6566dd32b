import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { Database } from '../../../adapters/dynamodb/database.ts';
import { openQueueRows } from '../../../adapters/dynamodb/queue-rows.ts';
import { keyOf } from '../../../adapters/dynamodb/queue-record-rows.ts';
import { isGatewayError } from '../../../src/domain/errors.ts';
import { queueRowsTableOf } from '../../../src/domain/queues/queue-table-name.ts';
import { toOffset } from '../../../src/domain/streams/stream.ts';
import type { QueueRow, QueueRows, RowState } from '../../../src/ports/queue-rows.ts';
import { freePort } from '../../../adapters/engines/free-port.ts';
import { sharedEngines } from '../../support/engines.ts';
import { openLossyLine } from '../../support/lossy-line.ts';

const { dynamodbEndpoint } = await sharedEngines();
/** DynamoDB Local deletes what expires in its own time, so rows live in the real one. */
const startMs = Date.now();
const dayMs = 86_400_000;
const queue = 'orders-a1b2c3d4';

async function open(
  t: TestContext,
  { catalog = `catalog-${randomUUID()}`, endpoint = dynamodbEndpoint, nowMs = () => startMs } = {},
) {
  const database = await Database.open({ endpoint, region: 'us-east-1' });
  t.after(() => database.close());
  const table = queueRowsTableOf(catalog);
  return { rows: openQueueRows(database, { nowMs }, catalog), database, table, catalog };
}

function newReceipt(): string {
  return randomBytes(16).toString('base64url');
}

function rowOf(offset: bigint | number, change: Partial<QueueRow> = {}): QueueRow {
  return {
    shard: 0,
    offset: toOffset(BigInt(offset)),
    state: 'live',
    visibleAtMs: startMs + 30_000,
    receiveCount: 1,
    firstReceivedAtMs: startMs,
    receipt: newReceipt(),
    expiresAtMs: startMs + dayMs,
    ...change,
  };
}

function rowsOf(count: number, change: Partial<QueueRow> = {}): QueueRow[] {
  return Array.from({ length: count }, (_, offset) => rowOf(offset, change));
}

/** The row as it is after another receive. */
function claimed(row: QueueRow): QueueRow {
  return {
    ...row,
    receiveCount: row.receiveCount + 1,
    visibleAtMs: startMs + 60_000,
    receipt: newReceipt(),
  };
}

async function assertStored(rows: QueueRows, expected: readonly QueueRow[]): Promise<void> {
  assert.deepEqual(await rows.get(queue, expected), expected);
}

const all = (count: number, value: boolean): boolean[] => Array<boolean>(count).fill(value);
const internal = (error: unknown): boolean => isGatewayError(error, 'internal');
const unavailable = (error: unknown): boolean => isGatewayError(error, 'unavailable');

test('rows are read as they were added, each once', async (t) => {
  const { rows } = await open(t);
  const [one, other, third] = [
    rowOf(1),
    rowOf(1, { shard: 1, state: 'done', visibleAtMs: 0 }),
    rowOf(2, { state: 'dead', receiveCount: 1_000 }),
  ];
  assert.deepEqual(await rows.add(queue, [one]), [true]);
  assert.deepEqual(await rows.add(queue, [rowOf(1)]), [false]);
  assert.deepEqual(await rows.add(queue, [other, rowOf(1), third]), [true, false, true]);
  assert.deepEqual(await rows.add(queue, []), []);
  assert.deepEqual(await rows.get(queue, [third, rowOf(3), one, other, one]), [
    ...[third, undefined, one, other, one],
  ]);
  assert.deepEqual(await rows.get('another', [one, other]), [undefined, undefined]);
  assert.deepEqual(await rows.get(queue, []), []);
});

test('reads and changes make no table', async (t) => {
  const { rows, database, table } = await open(t);
  const row = rowOf(1);
  assert.deepEqual(await rows.get(queue, [row]), [undefined]);
  assert.deepEqual(await rows.due(queue, 'live', { nowMs: startMs, countMax: 10 }), []);
  assert.equal(await rows.nextDueMs(queue, 'live'), undefined);
  const none = { visible: 0, inFlight: 0 };
  const counts = await rows.counts(queue, { nowMs: startMs, countMax: 10 });
  assert.deepEqual(counts, { live: none, dead: none });
  assert.deepEqual(await rows.change(queue, [{ before: row }, { before: rowOf(2) }]), [
    ...[false, false],
  ]);
  await rows.clear(queue);
  await assert.rejects(database.client.describeTable({ TableName: table }), {
    name: 'ResourceNotFoundException',
  });
});

test('time to live is on for every table, whichever gateway made it', async (t) => {
  const { rows, database, table, catalog } = await open(t);
  const { rows: another } = await open(t, { catalog });
  const added = await Promise.all([rows.add(queue, [rowOf(1)]), another.add(queue, [rowOf(2)])]);
  assert.deepEqual(added, [[true], [true]]);
  const timeToLive = async () =>
    (await database.client.describeTimeToLive({ TableName: table })).TimeToLiveDescription;
  const isOn = { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAtSeconds' };
  assert.deepEqual(await timeToLive(), isOn);
  const off = { AttributeName: 'expiresAtSeconds', Enabled: false };
  await database.client.updateTimeToLive({ TableName: table, TimeToLiveSpecification: off });
  assert.equal((await timeToLive())?.TimeToLiveStatus, 'DISABLED');
  const { rows: later } = await open(t, { catalog });
  assert.deepEqual(await later.add(queue, [rowOf(3)]), [true]);
  assert.deepEqual(await timeToLive(), isOn);
});

test('a table that was deleted is made again for the next row', async (t) => {
  const { rows, database, table } = await open(t);
  assert.deepEqual(await rows.add(queue, [rowOf(1)]), [true]);
  await database.client.deleteTable({ TableName: table });
  assert.deepEqual(await rows.get(queue, [rowOf(1)]), [undefined]);
  assert.deepEqual(await rows.add(queue, [rowOf(1), rowOf(2)]), [true, true]);
});

test('a row is changed or deleted if its receipt and its state are as they were', async (t) => {
  const { rows } = await open(t);
  const row = rowOf(1);
  await rows.add(queue, [row]);
  const after = claimed(row);
  const wrong = [
    { ...row, receipt: newReceipt() },
    { ...row, state: 'dead' as const },
    { ...row, shard: 1 },
    { ...row, offset: toOffset(2n) },
  ];
  for (const before of wrong) {
    const moved = { ...after, shard: before.shard, offset: before.offset };
    assert.deepEqual(await rows.change(queue, [{ before, after: moved }]), [false]);
    assert.deepEqual(await rows.change(queue, [{ before }]), [false]);
  }
  assert.deepEqual(await rows.change('another', [{ before: row, after }]), [false]);
  await assertStored(rows, [row]);
  assert.deepEqual(await rows.change(queue, [{ before: row, after }]), [true]);
  await assertStored(rows, [after]);
  assert.deepEqual(await rows.change(queue, [{ before: row, after: claimed(row) }]), [false]);
  const dead = { ...after, state: 'dead' as const, visibleAtMs: startMs };
  assert.deepEqual(await rows.change(queue, [{ before: after, after: dead }]), [true]);
  await assertStored(rows, [dead]);
  assert.deepEqual(await rows.change(queue, [{ before: dead }]), [true]);
  assert.deepEqual(await rows.get(queue, [dead]), [undefined]);
  assert.deepEqual(await rows.change(queue, [{ before: dead }]), [false]);
  assert.deepEqual(await rows.change(queue, [{ before: dead, after: dead }]), [false]);
  assert.deepEqual(await rows.get(queue, [dead]), [undefined]);
});

test('a change moves no row to another record', async (t) => {
  const { rows } = await open(t);
  const row = rowOf(1);
  await assert.rejects(rows.change(queue, [{ before: row, after: rowOf(2) }]), internal);
});

test('each of 250 additions and changes succeeds or fails for itself', async (t) => {
  const { rows } = await open(t);
  const before = rowsOf(250);
  const taken = before.filter((_, index) => index % 3 === 0).map((row) => claimed(row));
  assert.deepEqual(await rows.add(queue, taken), all(taken.length, true));
  const added = await rows.add(queue, before);
  assert.deepEqual(
    added,
    before.map((_, index) => index % 3 !== 0),
  );
  const stored = before.map((row, index) => (index % 3 === 0 ? taken[index / 3]! : row));
  await assertStored(rows, stored);
  const changes = stored.map((row, index) => {
    const isStale = index % 5 === 0;
    const known = isStale ? { ...row, receipt: newReceipt() } : row;
    return index % 2 === 0 ? { before: known } : { before: known, after: claimed(row) };
  });
  const made = await rows.change(queue, changes);
  assert.deepEqual(
    made,
    changes.map((_, index) => index % 5 !== 0),
  );
  assert.deepEqual(
    await rows.get(queue, stored),
    stored.map((row, index) => (index % 5 === 0 ? row : changes[index]!.after)),
  );
});

test('of writes of one row in one call, the first is made before the others', async (t) => {
  const { rows } = await open(t);
  const [row, other] = [rowOf(1), rowOf(2)];
  assert.deepEqual(await rows.add(queue, [row, rowOf(1), other, rowOf(1)]), [
    ...[true, false, true, false],
  ]);
  await assertStored(rows, [row, other]);
  const after = claimed(row);
  const changes = [
    ...[{ before: row, after }, { before: other }, { before: row }],
    ...[{ before: after }, { before: other }],
  ];
  assert.deepEqual(await rows.change(queue, changes), [true, true, false, true, false]);
  assert.deepEqual(await rows.get(queue, [row, other]), [undefined, undefined]);
});

test('of two gateways that add, claim and delete the same rows one does each', async (t) => {
  const { rows, catalog } = await open(t);
  const { rows: another } = await open(t, { catalog });
  const both = async (work: (each: QueueRows) => Promise<readonly boolean[]>) =>
    Promise.all([work(rows), work(another)]);
  for (let round = 0; round < 15; round += 1) {
    // Ten rows at once, in opposite orders, and every fifth time one.
    const offsets = round % 5 === 4 ? [0] : Array.from({ length: 10 }, (_, index) => index);
    const mine = offsets.map((offset) => rowOf(offset, { shard: round }));
    const theirs = mine.map((row) => ({ ...row, receipt: newReceipt() })).toReversed();
    const [first, second] = await Promise.all([rows.add(queue, mine), another.add(queue, theirs)]);
    const stored = mine.map((row, index) => {
      assert.notEqual(first[index], second.at(-1 - index));
      return first[index] ? row : theirs.at(-1 - index)!;
    });
    await assertStored(rows, stored);

    const claims: QueueRow[][] = [];
    const results = await both((each) => {
      const afters = stored.map(claimed);
      claims.push(afters);
      const changes = stored.map((before, index) => ({ before, after: afters[index]! }));
      return each.change(queue, changes);
    });
    const now = stored.map((_, index) => {
      assert.notEqual(results[0]![index], results[1]![index]);
      return claims[results[0]![index] ? 0 : 1]![index]!;
    });
    await assertStored(another, now);

    const deleted = await both((each) =>
      each.change(
        queue,
        now.map((before) => ({ before })),
      ),
    );
    for (const index of now.keys()) assert.notEqual(deleted[0]![index], deleted[1]![index]);
    assert.deepEqual(
      await rows.get(queue, now),
      now.map(() => undefined),
    );
  }
});

test('due rows come in the order of their time, no more than wanted', async (t) => {
  const { rows } = await open(t);
  const times = [5, 1, 4, 2, 3, 6].map((each) => startMs + each * 1_000);
  const live = times.map((visibleAtMs, offset) => rowOf(offset, { visibleAtMs }));
  const dead = rowOf(10, { state: 'dead', visibleAtMs: startMs });
  const done = rowOf(11, { state: 'done', visibleAtMs: startMs + 500 });
  await rows.add(queue, [...live, dead, done]);
  await rows.add('orders', [rowOf(1, { visibleAtMs: startMs })]);
  const due = (state: RowState, nowMs: number, countMax: number) =>
    rows.due(queue, state, { nowMs, countMax });
  const ordered = [1, 3, 4, 2, 0, 5].map((index) => live[index]!);
  assert.deepEqual(await due('live', startMs + 999, 10), []);
  assert.deepEqual(await due('live', startMs + 1_000, 10), ordered.slice(0, 1));
  assert.deepEqual(await due('live', startMs + 5_999, 10), ordered.slice(0, 5));
  assert.deepEqual(await due('live', startMs + 9_000, 3), ordered.slice(0, 3));
  assert.deepEqual(await due('live', startMs + 9_000, 0), []);
  assert.deepEqual(await due('dead', startMs + 9_000, 10), [dead]);
  assert.deepEqual(await due('done', startMs + 9_000, 10), [done]);
  assert.equal(await rows.nextDueMs(queue, 'live'), startMs + 1_000);
  assert.equal(await rows.nextDueMs(queue, 'dead'), startMs);
  assert.equal(await rows.nextDueMs('none', 'live'), undefined);
});

test('a change moves a row in the order', async (t) => {
  const { rows } = await open(t);
  const row = rowOf(1, { visibleAtMs: startMs });
  await rows.add(queue, [row, rowOf(2)]);
  const after = { ...claimed(row), visibleAtMs: startMs + 43_200_000 };
  await rows.change(queue, [{ before: row, after }]);
  assert.deepEqual(await rows.due(queue, 'live', { nowMs: startMs, countMax: 10 }), []);
  assert.equal(await rows.nextDueMs(queue, 'live'), startMs + 30_000);
  await rows.change(queue, [{ before: after, after: { ...after, visibleAtMs: startMs } }]);
  assert.equal((await rows.due(queue, 'live', { nowMs: startMs, countMax: 10 })).length, 1);
});

test('rows are counted by state and time, to the limit and no further', async (t) => {
  const { rows } = await open(t);
  await rows.add(queue, [
    ...rowsOf(7, { visibleAtMs: startMs }),
    ...rowsOf(5, { shard: 1, visibleAtMs: startMs + 1 }),
    ...rowsOf(3, { shard: 2, state: 'dead', visibleAtMs: 0 }),
    ...rowsOf(2, { shard: 3, state: 'dead', visibleAtMs: Number.MAX_SAFE_INTEGER }),
    ...rowsOf(9, { shard: 4, state: 'done' }),
  ]);
  const counts = (nowMs: number, countMax: number) => rows.counts(queue, { nowMs, countMax });
  const dead = { visible: 3, inFlight: 2 };
  assert.deepEqual(await counts(startMs, 100), { live: { visible: 7, inFlight: 5 }, dead });
  assert.deepEqual(await counts(startMs + 1, 100), { live: { visible: 12, inFlight: 0 }, dead });
  assert.deepEqual(await counts(startMs - 1, 7), { live: { visible: 0, inFlight: 7 }, dead });
  assert.deepEqual(await counts(startMs, 5), { live: { visible: 5, inFlight: 5 }, dead });
  assert.deepEqual(await counts(startMs, 1), {
    live: { visible: 1, inFlight: 1 },
    dead: { visible: 1, inFlight: 1 },
  });
});

test('rows of one shard are counted, and of no other', async (t) => {
  const { rows } = await open(t);
  const shard = 1;
  await rows.add(queue, [
    ...rowsOf(7, { visibleAtMs: startMs }),
    ...rowsOf(9, { shard: 10, visibleAtMs: startMs }),
    ...rowsOf(5, { shard, visibleAtMs: startMs }),
    ...[5, 6].map((offset) => rowOf(offset, { shard, visibleAtMs: startMs + 1 })),
    ...[7, 8, 9].map((offset) => rowOf(offset, { shard, state: 'dead', visibleAtMs: 0 })),
    rowOf(10, { shard, state: 'dead' }),
    rowOf(11, { shard, state: 'done' }),
    rowOf(12, { shard, expiresAtMs: startMs }),
  ]);
  assert.deepEqual(await rows.counts(queue, { nowMs: startMs, countMax: 100, shard }), {
    live: { visible: 5, inFlight: 2 },
    dead: { visible: 3, inFlight: 1 },
  });
  assert.deepEqual((await rows.counts(queue, { nowMs: startMs, countMax: 3, shard })).live, {
    visible: 3,
    inFlight: 0,
  });
  const none = { visible: 0, inFlight: 0 };
  assert.deepEqual(await rows.counts(queue, { nowMs: startMs, countMax: 3, shard: 2 }), {
    live: none,
    dead: none,
  });
});

test('the largest offsets, shards and times are kept to the digit', async (t) => {
  const { rows } = await open(t);
  const max = 2n ** 63n - 1n;
  const large = [max, max - 1n, 2n ** 53n + 1n].map((offset) =>
    rowOf(offset, {
      shard: 2 ** 31 - 1,
      visibleAtMs: Number.MAX_SAFE_INTEGER,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
    }),
  );
  assert.deepEqual(await rows.add(queue, large), [true, true, true]);
  await assertStored(rows, large);
  assert.equal(await rows.nextDueMs(queue, 'live'), Number.MAX_SAFE_INTEGER);
  assert.deepEqual(
    await rows.change(
      queue,
      large.map((before) => ({ before })),
    ),
    [true, true, true],
  );
});

test('an expired row is gone for everybody', async (t) => {
  let nowMs = startMs;
  const { rows } = await open(t, { nowMs: () => nowMs });
  const row = rowOf(1, { visibleAtMs: startMs, expiresAtMs: startMs + 60_000 });
  const kept = rowOf(2, { visibleAtMs: startMs + 90_000 });
  await rows.add(queue, [row, kept]);
  nowMs = startMs + 59_999;
  await assertStored(rows, [row, kept]);
  assert.equal(await rows.nextDueMs(queue, 'live'), startMs);
  nowMs = startMs + 60_000;
  assert.deepEqual(await rows.get(queue, [row, kept]), [undefined, kept]);
  const counts = await rows.counts(queue, { nowMs, countMax: 10 });
  assert.deepEqual(counts.live, { visible: 0, inFlight: 1 });
  assert.deepEqual(await rows.change(queue, [{ before: row }]), [false]);
  assert.deepEqual(await rows.change(queue, [{ before: row, after: claimed(row) }]), [false]);
  assert.deepEqual(await rows.due(queue, 'live', { nowMs, countMax: 10 }), []);
  assert.equal(await rows.nextDueMs(queue, 'live'), startMs + 90_000);
});

test('an expired row is no obstacle to a new one', async (t) => {
  let nowMs = startMs;
  const { rows } = await open(t, { nowMs: () => nowMs });
  const former = rowsOf(2, { expiresAtMs: startMs + 60_000 });
  await rows.add(queue, former);
  nowMs = startMs + 60_000;
  const again = rowsOf(2);
  assert.deepEqual(await rows.add(queue, again), [true, true]);
  await assertStored(rows, again);
});

test('queries get past expired rows, and delete them', async (t) => {
  let nowMs = startMs;
  const { rows, database, table } = await open(t, { nowMs: () => nowMs });
  await rows.add(queue, rowsOf(110, { visibleAtMs: startMs, expiresAtMs: startMs + 60_000 }));
  const fresh = rowOf(1_000, { visibleAtMs: startMs + 1 });
  await rows.add(queue, [fresh]);
  nowMs = startMs + 60_000;
  const due = () => rows.due(queue, 'live', { nowMs, countMax: 10 });
  // One page of 1, three of 25: there is more to do, and the caller comes again.
  assert.equal(await rows.nextDueMs(queue, 'live'), nowMs);
  const storedCount = async () =>
    (await database.client.scan({ TableName: table, Select: 'COUNT' })).Count;
  assert.equal(await storedCount(), 111 - 76);
  assert.deepEqual(await due(), [fresh]);
  assert.equal(await storedCount(), 1);
  assert.deepEqual(await due(), [fresh]);
});

test('attributes of a later version stay when a row is changed', async (t) => {
  const { rows, database, table } = await open(t);
  const row = rowOf(1);
  await rows.add(queue, [row]);
  const Key = keyOf(queue, row);
  await database.client.updateItem({
    TableName: table,
    Key,
    UpdateExpression: 'SET later = :later',
    ExpressionAttributeValues: { ':later': { SS: ['of', 'another', 'version'] } },
  });
  const after = claimed(row);
  assert.deepEqual(await rows.change(queue, [{ before: row, after }]), [true]);
  await assertStored(rows, [after]);
  const { Item: stored } = await database.client.getItem({ TableName: table, Key });
  assert.deepEqual(stored?.['later']?.SS?.toSorted(), ['another', 'of', 'version']);
});

test('clear deletes all rows of a queue, and of no other', async (t) => {
  const { rows, database, table } = await open(t);
  const states = ['live', 'dead', 'done'] as const;
  await rows.add(
    queue,
    rowsOf(130).map((row, index) => ({ ...row, state: states[index % 3]! })),
  );
  const others = rowsOf(3);
  await rows.add('orders-a1b2c3d5', others);
  await rows.clear(queue);
  const { Count: count } = await database.client.scan({ TableName: table, Select: 'COUNT' });
  assert.equal(count, 3);
  assert.deepEqual(await rows.get('orders-a1b2c3d5', others), others);
  await rows.clear(queue);
});

test('a write whose answer is lost is made once, and counts as made', async (t) => {
  const line = await openLossyLine(t, dynamodbEndpoint);
  const { rows } = await open(t, { endpoint: line.endpoint });
  const [one, ...more] = rowsOf(12);
  await rows.add(queue, [rowOf(100)]);
  line.lose('PutItem');
  assert.deepEqual(await rows.add(queue, [one!]), [true]);
  line.lose('BatchExecuteStatement');
  assert.deepEqual(await rows.add(queue, more), all(11, true));
  await assertStored(rows, [one!, ...more]);
  const [claimedOne, ...claimedMore] = [one!, ...more].map(claimed);
  line.lose('UpdateItem');
  assert.deepEqual(await rows.change(queue, [{ before: one!, after: claimedOne! }]), [true]);
  line.lose('BatchExecuteStatement');
  const changes = more.map((before, index) => ({ before, after: claimedMore[index]! }));
  assert.deepEqual(await rows.change(queue, changes), all(11, true));
  await assertStored(rows, [claimedOne!, ...claimedMore]);
  line.lose('DeleteItem');
  assert.deepEqual(await rows.change(queue, [{ before: claimedOne! }]), [true]);
  line.lose('BatchExecuteStatement');
  const deletions = claimedMore.map((before) => ({ before }));
  assert.deepEqual(await rows.change(queue, deletions), all(11, true));
  assert.equal(line.left(), 0);
});

test('a call of unknown outcome can be repeated, and finds its own rows', async (t) => {
  const line = await openLossyLine(t, dynamodbEndpoint);
  const { rows } = await open(t, { endpoint: line.endpoint });
  const added = rowsOf(5);
  await rows.add(queue, [rowOf(100)]);
  line.lose('BatchExecuteStatement', 3);
  await assert.rejects(rows.add(queue, added), unavailable);
  // Another gateway has claimed one meanwhile: that one is another row now.
  const after = claimed(added[2]!);
  await rows.change(queue, [{ before: added[2]!, after }]);
  assert.deepEqual(await rows.add(queue, added), [true, true, false, true, true]);
  const afters = added.map(claimed);
  const changes = added.map((before, index) => ({ before, after: afters[index]! }));
  line.lose('BatchExecuteStatement', 3);
  const some = changes.filter((_, index) => index !== 2);
  await assert.rejects(rows.change(queue, some), unavailable);
  assert.deepEqual(await rows.change(queue, changes), [true, true, false, true, true]);
  await assertStored(rows, afters.with(2, after));
  assert.equal(line.left(), 0);
});

test('without DynamoDB every call is unavailable', async (t) => {
  const { rows } = await open(t, { endpoint: `http://127.0.0.1:${await freePort()}` });
  const row = rowOf(1);
  const range = { nowMs: startMs, countMax: 1 };
  const calls = [
    () => rows.add(queue, [row]),
    () => rows.change(queue, [{ before: row }]),
    () => rows.change(queue, [{ before: row }, { before: rowOf(2) }]),
    () => rows.get(queue, [row]),
    () => rows.due(queue, 'live', range),
    () => rows.nextDueMs(queue, 'live'),
    () => rows.counts(queue, range),
    () => rows.clear(queue),
  ];
  for (const call of calls) await assert.rejects(call(), unavailable);
});
