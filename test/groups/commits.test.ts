/** Commits of Kafka clients in KCL's lease tables, through a gateway as users run it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sequenceNumberOf } from '../../src/domain/records/sequence-number.ts';
import { type Shard, shardIdOf, toOffset } from '../../src/domain/streams/stream.ts';
import { newName } from '../support/doors.ts';
import { createTopics } from '../support/create-topics.ts';
import { startGateway } from '../support/gateway.ts';
import { kclRow, openLeaseRows } from '../support/lease-rows.ts';
import {
  clusterAt,
  committedOffsets,
  commitAccepted,
  commitTo,
  filledStream,
  readAsGroup,
  withAdmin,
} from '../support/groups.ts';
import { sharedEngines } from '../support/engines.ts';

test('commits of groups in lease tables', async (suite) => {
  const gateway = await startGateway(suite, {
    settings: { KINESKA_LEASE_FAILOVER_MS: '1000' },
  });
  const { kafka } = gateway;
  const rows = await openLeaseRows(suite, gateway.dynamodb);
  const { stream, counts, shards } = await filledStream(gateway, 400);
  const numberAt = (index: number, offset: number) =>
    sequenceNumberOf(shards[index] as Shard, toOffset(BigInt(offset))).toString();
  const door = clusterAt(suite, kafka);
  const behind = clusterAt(suite, (await sharedEngines()).kafkaBootstrap);
  const commit = (groupId: string, partition: number, offset: number, topic = stream) =>
    commitAccepted(door, { groupId, topic, partition, offset });
  /** Past the gateway. */
  const direct = (groupId: string, partition: number, offset: number) =>
    commitAccepted(behind, { groupId, topic: stream, partition, offset });

  await suite.test('a commit for a shard that came a moment ago is in the table', async () => {
    const [groupId, topic] = [newName(), newName()];
    const { kafkaBootstrap } = await sharedEngines();
    await withAdmin(kafkaBootstrap, (admin) => createTopics(admin, [{ topic, numPartitions: 1 }]));
    await commit(groupId, 0, 0, topic);
    await withAdmin(kafkaBootstrap, (admin) =>
      admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }),
    );
    await commit(groupId, 1, 0, topic);
    assert.equal((await rows.all(groupId))?.get(shardIdOf(1))?.['kineskaCommitted']?.N, '0');
  });

  await suite.test('a first commit makes the table, with a lease for every shard', async () => {
    const groupId = newName();
    await commit(groupId, 1, 5);
    const table = await rows.all(groupId);
    assert.deepEqual([...(table?.keys() ?? [])].toSorted(), [0, 1, 2, 3].map(shardIdOf));
    const { startingHashKey, endingHashKey, ...row } = table!.get(shardIdOf(1))!;
    assert.deepEqual(row, {
      leaseKey: { S: shardIdOf(1) },
      leaseCounter: { N: row['leaseCounter']?.N },
      ownerSwitchesSinceCheckpoint: { N: '0' },
      checkpoint: { S: numberAt(1, 4) },
      checkpointSubSequenceNumber: { N: '0' },
      entityType: { S: 'LEASE' },
      kineskaStream: row['kineskaStream'],
      kineskaCheckpoint: { S: `${numberAt(1, 4)}/0` },
      kineskaPosition: { N: '5' },
      kineskaCommitted: { N: '5' },
    });
    assert.equal(BigInt(endingHashKey!.S!) - BigInt(startingHashKey!.S!), 2n ** 126n - 1n);
    assert.equal(table!.get(shardIdOf(0))!['checkpoint']?.S, 'TRIM_HORIZON');
    const described = await rows.client.describeTable({ TableName: groupId });
    const [index] = described.Table?.GlobalSecondaryIndexes ?? [];
    assert.equal(index?.IndexName, 'LeaseOwnerToLeaseKeyIndex');
    assert.deepEqual(
      index?.KeySchema?.map(({ AttributeName }) => AttributeName),
      ['leaseOwner', 'leaseKey'],
    );
    assert.equal(index?.Projection?.ProjectionType, 'KEYS_ONLY');
    assert.equal(described.Table?.BillingModeSummary?.BillingMode, 'PAY_PER_REQUEST');
    assert.deepEqual(await committedOffsets(kafka, groupId, stream), [-1, 5, -1, -1]);
  });

  await suite.test('what KCL keeps on a row that is not known stays', async () => {
    const groupId = newName();
    await commit(groupId, 0, 3);
    await rows.set(groupId, shardIdOf(0), { throughputKBps: { N: '1.5' }, other: { S: 'kept' } });
    await rows.put(groupId, {
      leaseKey: { S: 'worker-7' },
      entityType: { S: 'WORKER_METRIC_STATS' },
      lut: { N: '1' },
    });
    await commit(groupId, 0, 7);
    const table = await rows.all(groupId);
    const row = table!.get(shardIdOf(0))!;
    assert.equal(row['checkpoint']?.S, numberAt(0, 6));
    assert.deepEqual(row['throughputKBps'], { N: '1.5' });
    assert.deepEqual(row['other'], { S: 'kept' });
    assert.deepEqual(table!.get('worker-7')!['lut'], { N: '1' });
  });

  await suite.test('a group of KCL rows resumes at exactly the next record', async () => {
    const groupId = newName();
    await rows.make(groupId);
    const last = shards.map(({ index }) => Math.floor(counts.get(index)! / 2) - 1);
    for (const shard of shards) await rows.put(groupId, kclRow(shard, last[shard.index]!));
    const rest = shards.map(({ index }) => counts.get(index)! - last[index]! - 1);
    const left = rest.reduce((sum, each) => sum + each, 0);
    const read = await readAsGroup(kafka, groupId, stream, left);
    for (const { index } of shards) {
      const offsets = read.filter(({ partition }) => partition === index);
      const expected = Array.from({ length: rest[index]! }, (_, n) => last[index]! + 1 + n);
      assert.deepEqual(
        offsets.map(({ offset }) => offset),
        expected,
      );
    }
    const table = await rows.all(groupId);
    for (const { index } of shards) {
      const { checkpoint } = table!.get(shardIdOf(index))!;
      assert.equal(checkpoint?.S, numberAt(index, counts.get(index)! - 1));
    }
    // And back: KCL reads on, and the group continues from there.
    await rows.set(groupId, shardIdOf(2), { checkpoint: { S: numberAt(2, 1) } });
    const offsets = await committedOffsets(kafka, groupId, stream);
    assert.deepEqual(
      offsets,
      [0, 1, 2, 3].map((n) => (n === 2 ? 2 : counts.get(n)!)),
    );
  });

  await suite.test('sentinels of KCL: the start, the reader, and what was committed', async () => {
    const groupId = newName();
    await rows.make(groupId);
    const sentinels = ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'];
    for (const [index, sentinel] of sentinels.entries()) {
      await rows.put(groupId, kclRow(shards[index]!, sentinel));
    }
    await rows.put(groupId, kclRow(shards[3]!, 8));
    assert.deepEqual(await committedOffsets(kafka, groupId, stream), [0, -1, -1, 9]);
  });

  await suite.test(
    'a checkpoint inside an aggregate repeats it, one after it does not',
    async () => {
      const groupId = newName();
      await rows.make(groupId);
      const sub = (n: number) => ({ checkpointSubSequenceNumber: { N: String(n) } });
      await rows.put(groupId, kclRow(shards[0]!, 4, sub(0)));
      await rows.put(groupId, kclRow(shards[1]!, 4, sub(2)));
      const offsets = await committedOffsets(kafka, groupId, stream);
      assert.deepEqual(offsets.slice(0, 2), [5, 4]);
    },
  );

  await suite.test('metadata is kept where the offset is the same, and not elsewhere', async () => {
    const groupId = newName();
    const given = { groupId, topic: stream, partition: 0, offset: 3, metadata: 'a note' };
    await commitTo(door, given);
    const metadataOf = async () => {
      const [topic] = await withAdmin(kafka, (admin) =>
        admin.fetchOffsets({ groupId, topics: [stream] }),
      );
      return topic?.partitions.find(({ partition }) => partition === 0)?.metadata;
    };
    assert.equal(await metadataOf(), 'a note');
    await rows.set(groupId, shardIdOf(0), { checkpoint: { S: numberAt(0, 9) } });
    // kafkajs shows an empty one as null.
    assert.equal(await metadataOf(), null);
  });

  await suite.test('a group that was in Kafka before the gateway is taken over', async () => {
    const groupId = newName();
    await direct(groupId, 0, 11);
    await direct(groupId, 3, 2);
    assert.equal(await rows.all(groupId), undefined);
    assert.deepEqual(await committedOffsets(kafka, groupId, stream), [11, -1, -1, 2]);
    const table = await rows.all(groupId);
    assert.equal(table!.get(shardIdOf(0))!['checkpoint']?.S, numberAt(0, 10));
    assert.equal(table!.get(shardIdOf(3))!['checkpoint']?.S, numberAt(3, 1));
  });

  await suite.test('offsets that the table missed are brought in; moves of KCL win', async () => {
    const groupId = newName();
    const first = async () => (await committedOffsets(kafka, groupId, stream))[0];
    await commit(groupId, 0, 5);
    await direct(groupId, 0, 8);
    assert.equal(await first(), 8);
    assert.equal((await rows.all(groupId))!.get(shardIdOf(0))!['checkpoint']?.S, numberAt(0, 7));
    await rows.set(groupId, shardIdOf(0), { checkpoint: { S: numberAt(0, 20) } });
    assert.equal(await first(), 21);
    assert.equal(await first(), 21);
    await direct(groupId, 0, 9);
    assert.equal(await first(), 9, 'the coordinator moved after KCL was seen');
    await direct(groupId, 0, 12);
    await rows.set(groupId, shardIdOf(0), { checkpoint: { S: numberAt(0, 30) } });
    assert.equal(await first(), 31, 'KCL went on without that commit');
  });

  await suite.test('an administrator takes the lease from the worker that holds it', async () => {
    const groupId = newName();
    await rows.make(groupId);
    for (const shard of shards) await rows.put(groupId, kclRow(shard, 9));
    await commit(groupId, 0, 2);
    const table = await rows.all(groupId);
    const row = table!.get(shardIdOf(0))!;
    assert.equal(row['checkpoint']?.S, numberAt(0, 1));
    assert.equal(row['leaseOwner'], undefined);
    assert.equal(row['leaseCounter']?.N, '18');
    assert.equal(table!.get(shardIdOf(1))!['leaseOwner']?.S, 'worker-1');
  });

  await suite.test('a second topic makes the table one of several streams', async () => {
    const groupId = newName();
    const other = await filledStream(gateway, 40, 2);
    await commit(groupId, 0, 3);
    await commit(groupId, 1, 4, other.stream);
    const key = (name: string, second: number, index: number) =>
      `000000000000:${name}:${second}:${shardIdOf(index)}`;
    const table = await rows.all(groupId);
    const [first, second] = [shards[0]!.createdAtSeconds, other.shards[0]!.createdAtSeconds];
    assert.deepEqual(
      [...table!.keys()].toSorted(),
      [
        ...shards.map(({ index }) => key(stream, first, index)),
        ...other.shards.map(({ index }) => key(other.stream, second, index)),
      ].toSorted(),
    );
    const row = table!.get(key(stream, first, 0))!;
    assert.equal(row['streamName']?.S, `000000000000:${stream}:${first}`);
    assert.equal(row['shardId']?.S, shardIdOf(0));
    assert.equal(row['checkpoint']?.S, numberAt(0, 2));
    assert.deepEqual(await committedOffsets(kafka, groupId, stream), [3, -1, -1, -1]);
    assert.deepEqual(await committedOffsets(kafka, groupId, other.stream), [-1, 4]);
  });

  await suite.test('a group with the id of another table keeps its offsets in Kafka', async () => {
    const groupId = newName();
    await rows.client.createTable({
      TableName: groupId,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    });
    await commit(groupId, 0, 3);
    assert.deepEqual(await committedOffsets(kafka, groupId, stream), [3, -1, -1, -1]);
    assert.equal((await rows.all(groupId))?.size, 0);
  });

  await suite.test(
    'a group that is deleted loses its table and what KCL keeps beside',
    async () => {
      const groupId = newName();
      await commit(groupId, 0, 3);
      await rows.client.createTable({
        TableName: `${groupId}-CoordinatorState`,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      });
      await withAdmin(kafka, (admin) => admin.deleteGroups([groupId]));
      assert.equal(await rows.all(groupId), undefined);
      const { TableNames = [] } = await rows.client.listTables({});
      assert.ok(!TableNames.includes(`${groupId}-CoordinatorState`));
      assert.deepEqual(await committedOffsets(kafka, groupId, stream), [-1, -1, -1, -1]);
    },
  );
});
