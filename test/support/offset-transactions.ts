/** Transactions with offsets of a group, by requests of the wire tables. */
import assert from 'node:assert/strict';
import type { Cluster } from '../../adapters/kafka/cluster.ts';
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../src/wire/messages/10-find-coordinator.ts';
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
import { newName } from './doors.ts';
import { untilTrue } from './until.ts';

const coordinatorApi = { request: findCoordinatorRequest, response: findCoordinatorResponse };
const initProducerIdApi = { request: initProducerIdRequest, response: initProducerIdResponse };
const addOffsetsApi = { request: addOffsetsToTxnRequest, response: addOffsetsToTxnResponse };
const txnCommitApi = { request: txnOffsetCommitRequest, response: txnOffsetCommitResponse };
const endTxnApi = { request: endTxnRequest, response: endTxnResponse };
const transactionKeyType = 1;

/** A transaction with an offset of partition 0; answers what commits it, by whichever gateway. */
export async function beginTransaction(
  door: Cluster,
  groupId: string,
  topic: string,
  { txnCommitVersion = 3, offset = 8n } = {},
) {
  const transactionalId = newName();
  const init = {
    transactionalId,
    transactionTimeoutMs: 60_000,
    producerId: -1n,
    producerEpoch: -1,
  };
  const key = { key: transactionalId, keyType: transactionKeyType };
  const coordinatorKeys = [transactionalId];
  const ask = async () => {
    await door.request(coordinatorApi, { ...key, coordinatorKeys });
    return door.request(initProducerIdApi, init, { versionMax: 4 });
  };
  let { errorCode, producerId, producerEpoch } = await ask();
  // A new cluster has no coordinators of transactions and no producer ids at first.
  await untilTrue(`a producer id for ${transactionalId}`, async () => {
    if (errorCode !== 0) ({ errorCode, producerId, producerEpoch } = await ask());
    return errorCode === 0;
  });
  const producer = { transactionalId, producerId, producerEpoch };
  const added = await door.request(addOffsetsApi, { ...producer, groupId }, { versionMax: 3 });
  assert.equal(added.errorCode, 0);
  const partition = { partitionIndex: 0, committedOffset: offset, committedMetadata: '' };
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
