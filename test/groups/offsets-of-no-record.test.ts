/**
 * Offsets that no record has: negative ones, which Kafka stores as they are and clients take for
 * none, and the largest. The same requests go to the cluster itself and through the gateway, where
 * the group has a lease table; expected is what Kafka 4.4 answers.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from '../../adapters/kafka/cluster.ts';
import {
  offsetFetchRequest,
  offsetFetchResponse,
} from '../../src/wire/messages/09-offset-fetch.ts';
import { sequenceNumberOf } from '../../src/domain/records/sequence-number.ts';
import { type Shard, shardIdOf, toOffset } from '../../src/domain/streams/stream.ts';
import { createKafkaTopic } from '../support/both-ways.ts';
import { newName } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { clusterAt, commitAccepted, filledStream } from '../support/groups.ts';
import { openLeaseRows } from '../support/lease-rows.ts';
import { beginTransaction } from '../support/offset-transactions.ts';
import { untilTrue } from '../support/until.ts';

const offsetFetchApi = { request: offsetFetchRequest, response: offsetFetchResponse };

const largest = 2n ** 63n - 1n;
const least = -(2n ** 63n);
/** Committed one after another. */
const sequences = [
  [-1n],
  [-2n],
  [5n, -1n],
  [5n, -2n],
  [5n, -3n],
  [5n, least],
  [5n, largest],
  [5n, -2n, -1n],
  [5n, -1n, 6n],
];

type Which = 'all' | 'some';

/** `partition:offset:epoch:metadata`, of partitions 0 and 1 or of all that the group has. */
async function fetched(cluster: Cluster, groupId: string, topic: string, which: Which) {
  const topics = which === 'all' ? null : [{ name: topic, partitionIndexes: [0, 1] }];
  const asked = { groups: [{ groupId, memberId: null, memberEpoch: -1, topics }] };
  let answered: string[] = [];
  await untilTrue(`the offsets of ${groupId}`, async () => {
    const answer = await cluster.request(offsetFetchApi, asked, { versionMax: 9 });
    const [group] = answer.groups;
    answered = (group?.topics ?? []).flatMap(({ partitions }) =>
      partitions.map((each) => {
        assert.equal(each.errorCode, 0);
        const { partitionIndex, committedOffset, committedLeaderEpoch, metadata } = each;
        return `${partitionIndex}:${committedOffset}:${committedLeaderEpoch}:${metadata}`;
      }),
    );
    return group?.errorCode === 0;
  });
  return answered.toSorted();
}

test('offsets of no record', async (suite) => {
  const gateway = await startGateway(suite);
  const rows = await openLeaseRows(suite, gateway.dynamodb);
  const { kafkaBootstrap } = await sharedEngines();
  const { stream, shards } = await filledStream(gateway, 40, 2);
  const topic = await createKafkaTopic(kafkaBootstrap, 2);
  const behind = clusterAt(suite, kafkaBootstrap);
  const door = clusterAt(suite, gateway.kafka);
  const checkpointAfter = (offset: bigint) =>
    sequenceNumberOf(shards[0] as Shard, toOffset(offset)).toString();
  const rowOf = async (groupId: string) => (await rows.all(groupId))?.get(shardIdOf(0));
  const some = (groupId: string) => fetched(door, groupId, stream, 'some');
  const commit = (cluster: Cluster, groupId: string, offset: bigint) =>
    commitAccepted(cluster, { groupId, topic: stream, partition: 0, offset });

  async function answersOf(cluster: Cluster, where: string, offsets: readonly bigint[]) {
    const groupId = newName();
    const answers: string[][] = [];
    for (const [index, offset] of offsets.entries()) {
      const what = { offset, metadata: `m${index}`, leaderEpoch: 0 };
      await commitAccepted(cluster, { groupId, topic: where, partition: 0, ...what });
      answers.push(await fetched(cluster, groupId, where, 'some'));
      answers.push(await fetched(cluster, groupId, where, 'all'));
    }
    return answers;
  }

  for (const offsets of sequences) {
    await suite.test(`commits of ${offsets.join(', ')} answer as the cluster does`, async () => {
      const direct = await answersOf(behind, topic, offsets);
      const expected = offsets.flatMap((offset, index) => [
        [`0:${offset}:0:m${index}`, '1:-1:-1:'],
        [`0:${offset}:0:m${index}`],
      ]);
      assert.deepEqual(direct, expected);
      assert.deepEqual(await answersOf(door, stream, offsets), direct);
      assert.deepEqual(await answersOf(door, topic, offsets), direct);
    });
  }

  async function transactionOf(cluster: Cluster, where: string, offset: bigint) {
    const groupId = newName();
    await commitAccepted(cluster, { groupId, topic: where, partition: 0, offset: 5 });
    const end = await beginTransaction(cluster, groupId, where, { offset });
    const before = await fetched(cluster, groupId, where, 'all');
    await end(cluster);
    let after: readonly string[] = [];
    // The cluster answers before it has written the transaction out.
    await untilTrue('the offset of the transaction', async () => {
      after = await fetched(cluster, groupId, where, 'all');
      return after[0] !== before[0];
    });
    return [before, after, await fetched(cluster, groupId, where, 'some')];
  }

  for (const offset of [-1n, -2n, -3n]) {
    await suite.test(`${offset} in a transaction takes effect as on the cluster`, async () => {
      const direct = await transactionOf(behind, topic, offset);
      const after = `0:${offset}:-1:`;
      assert.deepEqual(direct, [['0:5:-1:'], [after], [after, '1:-1:-1:']]);
      assert.deepEqual(await transactionOf(door, stream, offset), direct);
    });
  }

  await suite.test('KCL starts the shard from the beginning, and may move it again', async () => {
    for (const offset of [-1n, -2n]) {
      const groupId = newName();
      await commit(door, groupId, 5n);
      await rows.set(groupId, shardIdOf(0), { leaseOwner: { S: 'worker-1' } });
      await commit(door, groupId, offset);
      const row = await rowOf(groupId);
      assert.equal(row?.['checkpoint']?.S, 'TRIM_HORIZON');
      assert.equal(row?.['leaseOwner'], undefined);
      assert.equal(row?.['kineskaPosition']?.N, String(offset));
      const shown = await fetch(`${gateway.operations}/groups?group=${groupId}`);
      const [shard] = ((await shown.json()) as { shards: Record<string, unknown>[] }).shards;
      assert.deepEqual([shard?.['offset'], shard?.['lagRecords']], [null, null]);
      await rows.set(groupId, shardIdOf(0), { checkpoint: { S: checkpointAfter(8n) } });
      assert.deepEqual(await some(groupId), ['0:9:-1:', '1:-1:-1:']);
      await commit(door, groupId, offset);
      assert.deepEqual(await some(groupId), [`0:${offset}:-1:`, '1:-1:-1:']);
    }
  });

  await suite.test(
    'a group with nothing else has no table, so that KCL begins by its rule',
    async () => {
      const groupId = newName();
      await commit(door, groupId, -1n);
      assert.equal(await rows.all(groupId), undefined);
      await commit(door, groupId, 5n);
      assert.equal((await rowOf(groupId))?.['checkpoint']?.S, checkpointAfter(4n));
    },
  );

  await suite.test('what the table missed is brought in', async (t) => {
    const groupId = newName();
    await commit(door, groupId, 5n);
    await commit(behind, groupId, -2n);
    assert.deepEqual(await some(groupId), ['0:-2:-1:', '1:-1:-1:']);
    assert.equal((await rowOf(groupId))?.['kineskaCommitted']?.N, '-2');
    await commit(door, groupId, 5n);
    await commit(behind, groupId, -1n);
    // Of one partition Kafka answers the same where it has forgotten what was committed.
    assert.deepEqual(await some(groupId), ['0:5:-1:', '1:-1:-1:']);
    assert.deepEqual(await fetched(door, groupId, stream, 'all'), ['0:-1:-1:']);
    assert.deepEqual(await some(groupId), ['0:-1:-1:', '1:-1:-1:']);
    await commit(door, groupId, 5n);
    await commit(behind, groupId, -1n);
    await startGateway(t);
    await untilTrue('the new gateway to take it over', async () => {
      const row = await rowOf(groupId);
      return row?.['kineskaCommitted']?.N === '-1';
    });
    assert.deepEqual(await some(groupId), ['0:-1:-1:', '1:-1:-1:']);
  });
});
