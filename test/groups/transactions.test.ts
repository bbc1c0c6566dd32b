/** Offsets in transactions: in the lease table when the transaction commits, never before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import kafkajs from 'kafkajs';
import type { Cluster } from '../../adapters/kafka/cluster.ts';
import { sequenceNumberOf } from '../../src/domain/records/sequence-number.ts';
import { type Shard, shardIdOf, toOffset } from '../../src/domain/streams/stream.ts';
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../src/wire/messages/22-init-producer-id.ts';
import {
  addOffsetsToTxnRequest,
  addOffsetsToTxnResponse,
} from '../../src/wire/messages/25-add-offsets-to-txn.ts';
import { endTxnRequest, endTxnResponse } from '../../src/wire/messages/26-end-txn.ts';
import {
  txnOffsetCommitRequest,
  txnOffsetCommitResponse,
} from '../../src/wire/messages/28-txn-offset-commit.ts';
import { kafkaClient, newName } from '../support/doors.ts';
import { startGateway } from '../support/gateway.ts';
import { openLeaseRows } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import { clusterAt, commitAccepted, committedOffsets, filledStream } from '../support/groups.ts';

const initProducerIdApi = { request: initProducerIdRequest, response: initProducerIdResponse };
const addOffsetsApi = { request: addOffsetsToTxnRequest, response: addOffsetsToTxnResponse };
const txnCommitApi = { request: txnOffsetCommitRequest, response: txnOffsetCommitResponse };
const endTxnApi = { request: endTxnRequest, response: endTxnResponse };

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

/** A transaction with offset 8 of partition 0; answers what commits it, by whichever gateway. */
async function beginTransaction(
  door: Cluster,
  groupId: string,
  topic: string,
  { txnCommitVersion = 3 } = {},
) {
  const transactionalId = newName();
  const init = {
    transactionalId,
    transactionTimeoutMs: 60_000,
    producerId: -1n,
    producerEpoch: -1,
  };
  const ask = () => door.request(initProducerIdApi, init, { versionMax: 4 });
  let { errorCode, producerId, producerEpoch } = await ask();
  // A new cluster has no coordinators of transactions and no producer ids at first.
  await untilTrue(`a producer id for ${transactionalId}`, async () => {
    if (errorCode !== 0) ({ errorCode, producerId, producerEpoch } = await ask());
    return errorCode === 0;
  });
  const producer = { transactionalId, producerId, producerEpoch };
  const added = await door.request(addOffsetsApi, { ...producer, groupId }, { versionMax: 3 });
  assert.equal(added.errorCode, 0);
  const partition = { partitionIndex: 0, committedOffset: 8n, committedMetadata: '' };
  const { topicId } = await door.topic(topic);
  const topics = [{ name: topic, topicId, partitions: [partition] }];
  const commit = { ...producer, groupId, memberId: '', topics };
  const answer = await door.request(txnCommitApi, commit, { versionMax: txnCommitVersion });
  assert.equal(answer.topics[0]?.partitions[0]?.errorCode, 0);
  return async (by: Cluster) => {
    const ended = await by.request(endTxnApi, { ...producer, committed: true }, { versionMax: 3 });
    assert.equal(ended.errorCode, 0);
  };
}
