/** What queues leave behind once they are deleted: nothing, however many they were. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { changingQueuesMax } from '../../src/domain/queues/queue.ts';
import { queuesOf } from '../../src/domain/queues/stream-queues.ts';
import { KeyedRates } from '../../src/streams/limits/keyed-rates.ts';
import { noLimits } from '../aws/kinesis/door.ts';
import { openGateway } from '../support/gateways.ts';
import {
  createQueue,
  queueIdOf,
  shareGroups,
  streamFor,
  untilQueueActive,
  untilQueueGone,
} from '../support/queues.ts';

const queueCount = 200;

test('200 queues that come and go, five at once, leave no share groups and no rows', async (t) => {
  const table = `catalog-${randomUUID()}`;
  const calls = new KeyedRates({ nowMs: () => Date.now() }, 100);
  const limits = { ...noLimits, calls };
  const gateways = [
    await openGateway(t, table, { limits }),
    await openGateway(t, table, { limits }),
  ];
  const [one] = gateways;
  assert.ok(one);
  const stream = await streamFor(one, `many-${randomUUID()}`);
  const ids: string[] = [];
  while (ids.length < queueCount) {
    const piece = Array.from({ length: changingQueuesMax }, (_, index) => ids.length + index);
    const arns = await Promise.all(
      piece.map(async (number) => {
        const gateway = gateways[number % gateways.length]!;
        const arn = await createQueue(gateway, stream, `queue-${number}`);
        await untilQueueActive(gateway, arn);
        return arn;
      }),
    );
    ids.push(...arns.map(queueIdOf));
    const groups = await shareGroups(one.cluster);
    for (const arn of arns) assert.ok(groups.includes(queueIdOf(arn)), arn);
    await Promise.all(
      arns.map(async (arn, index) => {
        // By the gateway that did not create it.
        const gateway = gateways[(piece[index]! + 1) % gateways.length]!;
        assert.equal(await gateway.ask('DeleteQueue', { QueueARN: arn }), undefined);
        await untilQueueGone(gateway, arn);
      }),
    );
  }
  const groups = await shareGroups(one.cluster);
  assert.deepEqual(
    ids.filter((id) => groups.includes(id)),
    [],
  );
  assert.deepEqual(await one.ask('ListQueues', {}), { QueueSummaries: [] });
  assert.deepEqual(queuesOf(await one.streams.findNow(stream)), []);
  for (const scope of ['queues', 'queue-names']) {
    const stored: { Items?: unknown } = await one.database.client.query({
      TableName: table,
      KeyConditionExpression: '#scope = :scope',
      ExpressionAttributeNames: { '#scope': 'scope' },
      ExpressionAttributeValues: { ':scope': { S: scope } },
    });
    assert.deepEqual(stored.Items, [], scope);
  }
});
