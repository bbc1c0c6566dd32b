/**
 * A change of a queue has several steps, in the catalog, in the row of its stream and in the
 * cluster. Wherever the gateway that makes it dies, another one finishes it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { queuesOf } from '../../src/domain/queues/stream-queues.ts';
import { type HashKey, toOffset } from '../../src/domain/streams/stream.ts';
import type { QueueRow } from '../../src/ports/queue-rows.ts';
import { type Gateway, openGateway } from '../support/gateways.ts';
import { happeningAt, type QueuePorts } from '../support/queue-parts.ts';
import {
  createQueue,
  describeQueue,
  queueIdOf,
  shareGroups,
  streamArnOf,
  streamFor,
  untilQueueActive,
  untilQueueGone,
} from '../support/queues.ts';
import { untilTrue } from '../support/until.ts';

/** By which what a gateway has left is taken over. */
const takeoverAfterMs = 500;

type Step = {
  readonly port: keyof QueuePorts;
  readonly method: string;
  readonly when: 'before' | 'after';
};

/** A gateway that dies at this step, once `arm` was called. */
async function openDying(t: TestContext, table: string, { port, method, when }: Step) {
  let isArmed = false;
  const dying = await openGateway(t, table, {
    queuePortsOf: (ports) => {
      const die = async (): Promise<void> => {
        if (!isArmed) return;
        void dying.queueLifecycle.stop();
        throw new Error('this gateway has died');
      };
      const changed = happeningAt<Record<string, unknown>>(
        ports[port] as unknown as Record<string, unknown>,
        method,
        when,
        die,
      );
      return { ...ports, [port]: changed };
    },
  });
  return { dying, arm: () => (isArmed = true) };
}

/** All of it, wherever it is stored. */
async function assertWhole(gateway: Gateway, stream: string, arn: string): Promise<void> {
  const id = queueIdOf(arn);
  const queue = await gateway.queues.findFresh(id);
  assert.deepEqual([queue.status, queue.shardCount], ['ACTIVE', 4]);
  assert.ok(queue.lockMs > 0);
  assert.ok(!('firstOffsets' in queue));
  const refs = queuesOf(await gateway.streams.findNow(stream));
  assert.deepEqual(refs, [{ id, name: queue.name }]);
  assert.equal((await gateway.queuePorts.shares.positions({ groupId: id, log: stream })).size, 4);
}

/** Nothing of it, wherever it could be. */
async function assertNothing(gateway: Gateway, stream: string, id: string): Promise<void> {
  assert.equal(await gateway.queuePorts.catalog.get(id), undefined);
  assert.deepEqual(queuesOf(await gateway.streams.findNow(stream)), []);
  await untilTrue(`share group ${id} to be gone`, async () => {
    return !(await shareGroups(gateway.cluster)).includes(id);
  });
  const counts = await gateway.queuePorts.rows.counts(id, { nowMs: Date.now(), countMax: 10 });
  assert.deepEqual(counts, {
    live: { visible: 0, inFlight: 0 },
    dead: { visible: 0, inFlight: 0 },
  });
}

const creation: readonly Step[] = [
  { port: 'catalog', method: 'create', when: 'after' },
  { port: 'shares', method: 'create', when: 'before' },
  { port: 'shares', method: 'create', when: 'after' },
  { port: 'catalog', method: 'replace', when: 'before' },
];
for (const step of creation) {
  const what = `${step.when} ${step.port}.${step.method}`;
  test(`a queue whose gateway dies ${what} is created by another`, async (t) => {
    const table = `catalog-${randomUUID()}`;
    const { dying, arm } = await openDying(t, table, step);
    const stream = await streamFor(dying, `half-made-${randomUUID()}`);
    arm();
    const name = `queue-${randomUUID()}`;
    await dying.ask('CreateQueue', {
      QueueName: name,
      StreamConfigurationList: [{ StreamARN: streamArnOf(stream) }],
    });
    await untilTrue('the row', async () => (await dying.queues.idOf(name)) !== undefined);
    const id = (await dying.queues.idOf(name)) ?? '';
    const other = await openGateway(t, table, { takeoverAfterMs });
    const arn = `arn:aws:kinesis:us-east-1:000000000000:queue/${id}`;
    assert.equal((await describeQueue(other, arn))['QueueStatus'], 'CREATING');
    await untilQueueActive(other, arn);
    await assertWhole(other, stream, arn);
    await other.ask('DeleteQueue', { QueueARN: arn });
    await untilQueueGone(other, arn);
    await assertNothing(other, stream, id);
  });
}

const deletion: readonly Step[] = [
  { port: 'shares', method: 'delete', when: 'before' },
  { port: 'shares', method: 'delete', when: 'after' },
  { port: 'rows', method: 'clear', when: 'after' },
  { port: 'catalog', method: 'remove', when: 'before' },
];
for (const step of deletion) {
  const what = `${step.when} ${step.port}.${step.method}`;
  test(`a queue whose gateway dies ${what} is deleted by another`, async (t) => {
    const table = `catalog-${randomUUID()}`;
    const { dying, arm } = await openDying(t, table, step);
    const stream = await streamFor(dying, `half-gone-${randomUUID()}`);
    const arn = await createQueue(dying, stream, `queue-${randomUUID()}`);
    await untilQueueActive(dying, arn);
    const id = queueIdOf(arn);
    const row: QueueRow = {
      ...{ shard: 0, offset: toOffset(0n), receiveCount: 1, visibleAtMs: 0, firstReceivedAtMs: 0 },
      ...{ receipt: 'AAAAAAAAAAAAAAAAAAAAAA', expiresAtMs: Date.now() + 3_600_000 },
      state: 'live',
    };
    assert.deepEqual(await dying.queuePorts.rows.add(id, [row]), [true]);
    arm();
    await dying.ask('DeleteQueue', { QueueARN: arn });
    const other = await openGateway(t, table, { takeoverAfterMs });
    await untilTrue('the dying gateway to stop', () => dying.queueLifecycle.isStopped);
    assert.equal((await describeQueue(other, arn))['QueueStatus'], 'DELETING');
    await untilQueueGone(other, arn);
    await assertNothing(other, stream, id);
  });
}

for (const when of ['before', 'after'] as const) {
  test(`an update whose gateway dies ${when} shares.change is finished by another`, async (t) => {
    const table = `catalog-${randomUUID()}`;
    const { dying, arm } = await openDying(t, table, { port: 'shares', method: 'change', when });
    const stream = await streamFor(dying, `half-changed-${randomUUID()}`);
    const arn = await createQueue(dying, stream, `queue-${randomUUID()}`);
    await untilQueueActive(dying, arn);
    arm();
    const QueueAttributes = { VisibilityTimeoutSeconds: 50 };
    await dying.ask('UpdateQueue', { QueueARN: arn, QueueAttributes });
    const other = await openGateway(t, table, { takeoverAfterMs });
    await untilTrue('the dying gateway to stop', () => dying.queueLifecycle.isStopped);
    assert.equal((await describeQueue(other, arn))['QueueStatus'], 'UPDATING');
    await untilQueueActive(other, arn);
    assert.equal((await other.queues.findFresh(queueIdOf(arn))).lockMs, 51_000);
    const group = { groupId: queueIdOf(arn), log: stream };
    assert.equal((await other.queuePorts.shares.terms(group)).lockMs, 51_000);
  });
}

test('a queue that is deleted while it is created leaves nothing', async (t) => {
  const table = `catalog-${randomUUID()}`;
  const other = await openGateway(t, table);
  let arn = '';
  const slow = await openGateway(t, table, {
    queuePortsOf: (ports) => ({
      ...ports,
      // The other gateway deletes all of it before this one creates the share group.
      shares: happeningAt(ports.shares, 'create', 'before', async () => {
        await untilTrue('the answer', () => arn !== '');
        await other.ask('DeleteQueue', { QueueARN: arn });
        await untilQueueGone(other, arn);
      }),
    }),
  });
  const stream = await streamFor(slow, `crossed-${randomUUID()}`);
  arn = await createQueue(slow, stream, `queue-${randomUUID()}`);
  await untilQueueGone(slow, arn);
  await slow.queueLifecycle.stop();
  await assertNothing(other, stream, queueIdOf(arn));
});

test('a shard that a stream gets later has a position before it is delivered', async (t) => {
  const table = `catalog-${randomUUID()}`;
  const gateways = [await openGateway(t, table), await openGateway(t, table)];
  const [gateway, other] = gateways as [Gateway, Gateway];
  const stream = await streamFor(gateway, `grown-${randomUUID()}`);
  const arn = await createQueue(gateway, stream, `queue-${randomUUID()}`);
  await untilQueueActive(gateway, arn);
  const id = queueIdOf(arn);
  const before = await gateway.queues.findFresh(id);
  const now = await gateway.streams.findNow(stream);
  const [first] = now.shards;
  assert.ok(first);
  const { startingHashKey, endingHashKey } = first;
  const middle = ((startingHashKey + endingHashKey) / 2n) as HashKey;
  const next = (middle + 1n) as HashKey;
  await gateway.reshardings.begin(stream, () => ({
    round: {
      parents: [0],
      children: [
        { parentIndex: 0, startingHashKey, endingHashKey: middle },
        { parentIndex: 0, startingHashKey: next, endingHashKey },
      ],
    },
  }));
  await untilTrue('the shards', async () => {
    return (await gateway.streams.findNow(stream)).shards.length === 6;
  });
  const grown = await gateway.streams.findNow(stream);
  const results = await Promise.all(
    [gateway, other].map((each) => each.queueLifecycle.ensureShards(before, grown)),
  );
  for (const queue of results) assert.equal(queue.shardCount, 6);
  const positions = await gateway.queuePorts.shares.positions({ groupId: id, log: stream });
  assert.deepEqual([...positions.keys()].toSorted(), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([positions.get(4)?.startOffset, positions.get(5)?.startOffset], [0n, 0n]);
  // What has a position keeps it, and a queue that knows its shards is not changed.
  const known = await gateway.queues.findFresh(id);
  assert.equal(await gateway.queueLifecycle.ensureShards(known, grown), known);
});
