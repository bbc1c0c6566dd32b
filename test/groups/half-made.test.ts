/** Lease tables that a gateway, or a KCL worker, has begun and not finished. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newName } from '../support/doors.ts';
import { startGateway } from '../support/gateway.ts';
import { kclRow, openLeaseRows } from '../support/lease-rows.ts';
import { makeTopic, removeTopics } from '../support/topics.ts';
import { clusterAt, commitAccepted, committedOffsets, filledStream } from '../support/groups.ts';

const shardIds = ['shardId-000000000000', 'shardId-000000000001'];

test('the next commit adds the leases that a table is without', async (t) => {
  const gateway = await startGateway(t);
  const rows = await openLeaseRows(t, gateway.dynamodb);
  const { stream, shards } = await filledStream(gateway, 40, 2);
  const door = clusterAt(t, gateway.kafka);
  const [empty, begun] = [newName(), newName()];
  for (const table of [empty, begun]) await rows.make(table);
  const { leaseOwner: _, ...free } = kclRow(shards[0]!, 5);
  await rows.put(begun, free);
  for (const groupId of [empty, begun]) {
    await commitAccepted(door, { groupId, topic: stream, partition: 1, offset: 4 });
    const leases = await rows.all(groupId);
    assert.deepEqual([...(leases?.keys() ?? [])].toSorted(), shardIds);
  }
  assert.deepEqual(await committedOffsets(gateway.kafka, empty, stream), [-1, 4]);
  assert.deepEqual(await committedOffsets(gateway.kafka, begun, stream), [6, 4]);
});

test("offsets in topics that are not streams are the coordinator's alone", async (t) => {
  const gateway = await startGateway(t);
  const rows = await openLeaseRows(t, gateway.dynamodb);
  const door = clusterAt(t, gateway.kafka);
  const groupId = newName();
  const topic = groupId.padEnd(200, '-');
  await makeTopic(door, topic, 1);
  await commitAccepted(door, { groupId, topic, partition: 0, offset: 3 });
  assert.deepEqual(await committedOffsets(gateway.kafka, groupId, topic), [3]);
  assert.equal(await rows.all(groupId), undefined);
  await removeTopics(door, [topic]);
});
