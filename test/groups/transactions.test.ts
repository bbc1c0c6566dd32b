/** Offsets in transactions: in the lease table when the transaction commits, never before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import kafkajs from 'kafkajs';
import { sequenceNumberOf } from '../../src/domain/records/sequence-number.ts';
import { type Shard, shardIdOf, toOffset } from '../../src/domain/streams/stream.ts';
import { kafkaClient, newName } from '../support/doors.ts';
import { startGateway } from '../support/gateway.ts';
import { openLeaseRows } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import { clusterAt, commitAccepted, committedOffsets, filledStream } from '../support/groups.ts';
import { beginTransaction } from '../support/offset-transactions.ts';

test('offsets in transactions', async (suite) => {
  const gateway = await startGateway(suite);
  const rows = await openLeaseRows(suite, gateway.dynamodb);
  const { stream, shards } = await filledStream(gateway, 100, 2);
  const numberAt = (offset: number) =>
    sequenceNumberOf(shards[0] as Shard, toOffset(BigInt(offset))).toString();
  const checkpointOf = async (groupId: string) =>
    (await rows.all(groupId))?.get(shardIdOf(0))?.['checkpoint']?.S;
  const door = clusterAt(suite, gateway.kafka);

  async function producer(transactionalId: string) {
    const made = kafkaClient(gateway.kafka).producer({
      transactionalId,
      maxInFlightRequests: 1,
      idempotent: true,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await made.connect();
    return made;
  }

  await suite.test('one that aborts moves no checkpoint, one that commits does', async () => {
    const groupId = newName();
    await commitAccepted(door, { groupId, topic: stream, partition: 0, offset: 2 });
    const client = await producer(newName());
    const offsets = (offset: string) => ({
      consumerGroupId: groupId,
      topics: [{ topic: stream, partitions: [{ partition: 0, offset }] }],
    });
    const aborted = await client.transaction();
    await aborted.sendOffsets(offsets('9'));
    assert.equal(await checkpointOf(groupId), numberAt(1));
    await aborted.abort();
    assert.equal(await checkpointOf(groupId), numberAt(1));
    await client.disconnect();
    // A producer of its own: this one would be told that the abort is still being written.
    const second = await producer(newName());
    const committed = await second.transaction();
    await committed.sendOffsets(offsets('5'));
    assert.equal(await checkpointOf(groupId), numberAt(1));
    await committed.commit();
    assert.equal(await checkpointOf(groupId), numberAt(4));
    await second.disconnect();
  });

  await suite.test('a group that only has offsets in a transaction gets its table', async () => {
    const groupId = newName();
    const client = await producer(newName());
    const transaction = await client.transaction();
    await transaction.sendOffsets({
      consumerGroupId: groupId,
      topics: [{ topic: stream, partitions: [{ partition: 0, offset: '3' }] }],
    });
    assert.equal(await rows.all(groupId), undefined);
    await transaction.commit();
    assert.equal(await checkpointOf(groupId), numberAt(2));
    await client.disconnect();
  });

  await suite.test('offsets of topics that are named by id reach the table, too', async () => {
    const groupId = newName();
    const end = await beginTransaction(door, groupId, stream, { txnCommitVersion: 6 });
    assert.equal(await rows.all(groupId), undefined);
    await end(door);
    assert.equal(await checkpointOf(groupId), numberAt(7));
  });

  await suite.test('another gateway that ends the transaction loses no offsets', async (t) => {
    const groupId = newName();
    const other = await startGateway(t);
    await commitAccepted(door, { groupId, topic: stream, partition: 0, offset: 2 });
    const end = await beginTransaction(door, groupId, stream);
    // The other one knows of no offsets in it, as one that was restarted.
    await end(clusterAt(t, other.kafka));
    await untilTrue('the offsets of the transaction', async () => {
      const [offset] = await committedOffsets(other.kafka, groupId, stream);
      return offset === 8;
    });
    assert.equal(await checkpointOf(groupId), numberAt(7));
  });

  await suite.test('a gateway that starts takes over what another left undone', async (t) => {
    const groupId = newName();
    await commitAccepted(door, { groupId, topic: stream, partition: 0, offset: 2 });
    const end = await beginTransaction(door, groupId, stream);
    await end(clusterAt(t, (await startGateway(t)).kafka));
    assert.equal(await checkpointOf(groupId), numberAt(1));
    await startGateway(t);
    await untilTrue('the checkpoint', async () => (await checkpointOf(groupId)) === numberAt(7));
  });
});
