/**
 * Receiving, acknowledging, visibility and dead letters, through two gateways over one cluster.
 * Sources: the documentation of the queue operations in the Kinesis service model (boto3 1.44.8).
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { type Door, doorAt } from '../support/gateways.ts';
import {
  onDemandStream,
  putValues,
  QueueClient,
  queueOn,
  type ReceivedRecord,
  textOf,
} from '../support/queue-client.ts';
import { untilTrue } from '../support/until.ts';

await sharedEngines();

const timeout = 120_000;
const numbered = (count: number) => Array.from({ length: count }, (_each, n) => `value-${n}`);

async function twoDoors(t: TestContext): Promise<readonly [Door, Door]> {
  const [one, other] = await Promise.all([startGateway(t), startGateway(t)]);
  return [doorAt(one.kinesis), doorAt(other.kinesis)];
}

/** Receives until so many records have come, with any of these clients. */
async function receiveAll(
  clients: readonly QueueClient[],
  count: number,
  more = {},
): Promise<readonly ReceivedRecord[]> {
  const received: ReceivedRecord[] = [];
  await untilTrue(`${count} records`, async () => {
    const parts = await Promise.all(clients.map((client) => client.receive(more)));
    received.push(...parts.flat());
    return received.length >= count;
  });
  return received;
}

test('records through two gateways', { timeout }, async (t) => {
  const [one, other] = await twoDoors(t);
  const stream = await onDemandStream(one);

  await t.test('each is received once, by either gateway, and acknowledged by either', async () => {
    const arn = await queueOn(one, stream);
    const clients = [new QueueClient(one, arn), new QueueClient(other, arn)];
    await putValues(one, stream, numbered(300));
    const received = await receiveAll(clients, 300);
    assert.deepEqual(new Set(received.map(textOf)), new Set(numbered(300)));
    assert.equal(received.length, 300);
    assert.ok(received.every(({ ReceiveCount }) => ReceiveCount === 1));
    assert.equal(new Set(received.map(({ RecordId }) => RecordId)).size, 300);
    for (let from = 0; from < 300; from += 10) {
      const part = received.slice(from, from + 10);
      const { Successful, Failed } = await clients[(from / 10) % 2]!.acknowledge(part);
      assert.deepEqual(Failed, []);
      assert.equal(Successful.length, 10);
    }
    for (const client of clients) assert.deepEqual(await client.receive(), []);
  });

  await t.test('a second queue delivers the same records, under the same ids', async () => {
    const [first, second] = [await queueOn(one, stream), await queueOn(other, stream)];
    const [ours, theirs] = await Promise.all(
      [first, second].map((arn) => receiveAll([new QueueClient(one, arn)], 300)),
    );
    const idsOf = (records: readonly ReceivedRecord[]) =>
      new Map(records.map((record) => [textOf(record), record.RecordId]));
    assert.deepEqual([...idsOf(ours!)].toSorted(), [...idsOf(theirs!)].toSorted());
  });

  await t.test('LATEST begins with what is put after the call', async () => {
    const arn = await queueOn(one, stream, {}, { Type: 'LATEST' });
    await putValues(one, stream, ['later']);
    const received = await receiveAll([new QueueClient(other, arn)], 1);
    assert.deepEqual(received.map(textOf), ['later']);
  });

  await t.test('a waiting call returns when a record is put', async () => {
    const arn = await queueOn(one, stream, {}, { Type: 'LATEST' });
    const client = new QueueClient(one, arn);
    const waiting = client.receive({ WaitTimeSeconds: 20 });
    await putValues(other, stream, ['awaited']);
    assert.deepEqual((await waiting).map(textOf), ['awaited']);
  });
});

test('visibility', { timeout }, async (t) => {
  const [one, other] = await twoDoors(t);
  const stream = await onDemandStream(one);

  const queueWith = async (values: readonly string[], attributes: object) => {
    const arn = await queueOn(one, stream, { ...attributes }, { Type: 'LATEST' });
    await putValues(one, stream, values);
    return [new QueueClient(one, arn), new QueueClient(other, arn)] as const;
  };

  await t.test('what is not acknowledged comes again when its time is over', async () => {
    const [client, elsewhere] = await queueWith(['again'], { VisibilityTimeoutSeconds: 2 });
    const [first] = await receiveAll([client], 1);
    const sinceMs = first!.FirstReceiveTimestamp * 1000;
    const [second] = await receiveAll([elsewhere], 1);
    assert.ok(Date.now() - sinceMs >= 2_000, 'before its time was over');
    assert.equal(second!.ReceiveCount, 2);
    assert.equal(second!.RecordId, first!.RecordId);
    assert.notEqual(second!.ReceiptHandle, first!.ReceiptHandle);
    const old = await client.acknowledge([first!]);
    assert.equal(old.Failed[0]?.ErrorCode, 'InvalidArgumentException');
    assert.deepEqual((await client.acknowledge([second!])).Failed, []);
  });

  await t.test('0 in the call: visible at once, and counted', async () => {
    const [client, elsewhere] = await queueWith(['zero'], { VisibilityTimeoutSeconds: 30 });
    const [first] = await receiveAll([client], 1, { VisibilityTimeoutSeconds: 0 });
    const [second] = await receiveAll([elsewhere], 1, { VisibilityTimeoutSeconds: 0 });
    const [third] = await receiveAll([client], 1);
    assert.deepEqual(
      [first, second, third].map((each) => each!.ReceiveCount),
      [1, 2, 3],
    );
    assert.deepEqual((await client.acknowledge([third!])).Failed, []);
  });

  await t.test('a record is given back, and another one gets more time', async () => {
    const given = { VisibilityTimeoutSeconds: 3 };
    const [client, elsewhere] = await queueWith(['back', 'more'], given);
    const received = await receiveAll([client], 2);
    const [back] = received.filter((each) => textOf(each) === 'back');
    const [more] = received.filter((each) => textOf(each) === 'more');
    assert.deepEqual((await elsewhere.extend([more!], 600)).Failed, []);
    assert.deepEqual((await elsewhere.extend([back!], 0)).Failed, []);
    const again = await receiveAll([client], 1);
    assert.deepEqual(again.map(textOf), ['back']);
    assert.equal(again[0]!.ReceiveCount, 2);
    // Beyond the end of the lock that Kafka had for it.
    const untilMs = more!.FirstReceiveTimestamp * 1000 + 6_000;
    await untilTrue('the lock to end', async () => {
      const later = await client.receive();
      assert.ok(!later.map(textOf).includes('more'));
      return Date.now() > untilMs;
    });
    assert.deepEqual((await client.acknowledge([more!])).Failed, []);
    const twice = await elsewhere.extend([more!], 10);
    assert.equal(twice.Failed[0]?.ErrorCode, 'InvalidArgumentException');
  });
});

test('dead letters', { timeout }, async (t) => {
  const [one, other] = await twoDoors(t);
  const stream = await onDemandStream(one);

  for (const max of [1, 2, 6]) {
    await t.test(`MaxReceiveCount ${max}`, async () => {
      const attributes = {
        VisibilityTimeoutSeconds: 30,
        DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: max },
      };
      const arn = await queueOn(one, stream, attributes, { Type: 'LATEST' });
      const clients = [new QueueClient(one, arn), new QueueClient(other, arn)];
      await putValues(one, stream, [`dead-${max}`]);
      for (let count = 1; count <= max; count += 1) {
        const [record] = await receiveAll([clients[count % 2]!], 1);
        assert.equal(record!.ReceiveCount, count);
        assert.deepEqual((await clients[0]!.extend([record!], 0)).Failed, []);
      }
      for (const client of clients) assert.deepEqual(await client.receive(), []);
      const [letter] = await clients[1]!.receiveDead();
      assert.equal(textOf(letter!), `dead-${max}`);
      const wrong = await clients[0]!.acknowledge([letter!]);
      assert.equal(wrong.Failed[0]?.ErrorCode, 'InvalidArgumentException');
      const restored = await clients[0]!.settle('RestoreDeadLetterQueueRecords', [letter!]);
      assert.deepEqual(restored.Failed, []);
      const [again] = await receiveAll([clients[1]!], 1);
      assert.equal(again!.ReceiveCount, 1);
      assert.deepEqual((await clients[0]!.acknowledge([again!])).Failed, []);
      assert.deepEqual(await clients[0]!.receiveDead(), []);
    });
  }
});

test('receipt handles that are not valid fail one by one', { timeout }, async (t) => {
  const [one, other] = await twoDoors(t);
  const stream = await onDemandStream(one);
  const [arn, foreign] = [await queueOn(one, stream), await queueOn(one, stream)];
  const [client, stranger] = [new QueueClient(one, arn), new QueueClient(other, foreign)];
  await putValues(one, stream, ['a', 'b']);
  const [record] = await receiveAll([client], 2);
  const [elsewhere] = await receiveAll([stranger], 2);
  const handle = record!.ReceiptHandle;
  const wrong = ['x', handle.slice(0, -1), `${handle}A`, elsewhere!.ReceiptHandle];
  const entries = [...wrong, handle, handle].map((ReceiptHandle) => ({ ReceiptHandle }));
  const { Successful, Failed } = await client.settle('AcknowledgeQueueRecords', entries);
  assert.deepEqual(
    Failed.map(({ ReceiptHandle, ErrorCode }) => [ReceiptHandle, ErrorCode]),
    wrong.map((each) => [each, 'InvalidArgumentException']),
  );
  assert.deepEqual(
    Successful.map(({ ReceiptHandle }) => ReceiptHandle),
    [handle, handle],
  );
  assert.deepEqual((await client.acknowledge([record!])).Failed, [], 'acknowledged twice');
});
