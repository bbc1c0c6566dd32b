/** Groups over splits and merges, by the actions themselves, through a gateway as users run it. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { shardIdOf } from '../../src/domain/streams/stream.ts';
import { kinesisClient, newName } from '../support/doors.ts';
import { produceByKafkajs } from '../support/programs/kafkajs.ts';
import { childShards, closedShards, splitAndMerge } from '../support/loads/split-and-merge.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { kclRow, openLeaseRows, type Row } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import {
  clusterAt,
  committedOffsets,
  commitTo,
  filledStream,
  readAsGroup,
  withAdmin,
} from '../support/groups.ts';

const recordsBefore = 200;
const recordsAfter = 100;
const all = [0, 1, 2, 3, 4, 5, 6];
/** COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR. */
const coordinatorMoves = [14, 15, 16];

/** A stream with records in parents, whose `before` is done between them and the resharding. */
async function reshardedStream(
  t: TestContext,
  gateway: Gateway,
  before: (stream: string, groupId: string) => Promise<void>,
) {
  const client = kinesisClient(gateway.kinesis);
  t.after(() => client.destroy());
  const { stream, counts, shards } = await filledStream(gateway, recordsBefore);
  const groupId = newName();
  // A new cluster has no coordinators until somebody looks for one.
  await untilTrue('a coordinator', () =>
    committedOffsets(gateway.kafka, groupId, stream).then(
      () => true,
      () => false,
    ),
  );
  await before(stream, groupId);
  await splitAndMerge(client, stream);
  await produceByKafkajs(gateway.kafka, stream, recordsAfter);
  const ends = await withAdmin(gateway.kafka, (admin) => admin.fetchTopicOffsets(stream));
  const total = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  const countOf = (index: number) => counts.get(index) ?? 0;
  return { stream, groupId, shards, countOf, total };
}

const checkpointOf = (row: Row | undefined): string | undefined => row?.['checkpoint']?.S;

test('groups over splits and merges', async (suite) => {
  const gateway = await startGateway(suite, { settings: { KINESKA_LEASE_FAILOVER_MS: '1000' } });
  const { kafka } = gateway;
  const rows = await openLeaseRows(suite, gateway.dynamodb);
  const door = clusterAt(suite, kafka);
  /** A coordinator that is just moving, or loading, is asked again, as clients do. */
  const commit = (groupTopic: string, groupId: string, partition: number, offset: number) =>
    untilTrue(`a commit of ${groupId} to be accepted`, async () => {
      const code = await commitTo(door, { groupId, topic: groupTopic, partition, offset });
      assert.ok([0, ...coordinatorMoves].includes(code), `error ${code}`);
      return code === 0;
    });

  await suite.test('a group that began a parent begins its children at their start', async (t) => {
    const { stream, groupId, total } = await reshardedStream(t, gateway, async (topic, id) => {
      await commit(topic, id, 0, 5);
      await commit(topic, id, 2, 3);
    });
    assert.deepEqual(await committedOffsets(kafka, groupId, stream), [5, -1, 3, -1, 0, 0, 0]);
    assert.deepEqual(await committedOffsets(kafka, newName(), stream), Array(7).fill(-1));
    const read = await readAsGroup(kafka, groupId, stream, total - 8);
    const places = new Set(read.map(({ partition, offset }) => `${partition} ${offset}`));
    assert.equal(places.size, total - 8);
    assert.ok(read.every(({ partition, offset }) => partition !== 0 || offset >= 5));
  });

  await suite.test(
    'KCL finds leases for all shards, SHARD_END where parents are done',
    async (t) => {
      const { stream, groupId, countOf } = await reshardedStream(t, gateway, (topic, id) =>
        commit(topic, id, 1, 1),
      );
      for (const parent of closedShards) await commit(stream, groupId, parent, countOf(parent));
      await commit(stream, groupId, 6, 1);
      const table = await rows.all(groupId);
      assert.deepEqual([...table!.keys()].toSorted(), all.map(shardIdOf));
      for (const parent of closedShards) {
        assert.equal(checkpointOf(table!.get(shardIdOf(parent))), 'SHARD_END', `shard ${parent}`);
      }
      assert.deepEqual(
        table!.get(shardIdOf(0))?.['childShardIds']?.SS?.toSorted(),
        [4, 5].map(shardIdOf),
      );
      for (const child of [4, 5]) {
        const row = table!.get(shardIdOf(child));
        assert.equal(checkpointOf(row), 'TRIM_HORIZON');
        assert.deepEqual(row?.['parentShardId']?.SS, [shardIdOf(0)]);
      }
      assert.deepEqual(
        table!.get(shardIdOf(6))?.['parentShardId']?.SS?.toSorted(),
        [2, 3].map(shardIdOf),
      );
      assert.match(checkpointOf(table!.get(shardIdOf(6))) ?? '', /^\d+$/);
    },
  );

  await suite.test('a group read parents to their end before they were closed', async (t) => {
    const { stream, groupId, countOf, total } = await reshardedStream(
      t,
      gateway,
      async (topic, id) => {
        const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
        for (const { partition, high } of ends) await commit(topic, id, partition, Number(high));
      },
    );
    const expected = [...[0, 1, 2, 3].map(countOf), 0, 0, 0];
    assert.deepEqual(await committedOffsets(kafka, groupId, stream), expected);
    const table = await rows.all(groupId);
    assert.deepEqual([...table!.keys()].toSorted(), all.map(shardIdOf));
    for (const parent of closedShards) {
      assert.equal(checkpointOf(table!.get(shardIdOf(parent))), 'SHARD_END', `shard ${parent}`);
    }
    const read = await readAsGroup(kafka, groupId, stream, total - recordsBefore);
    assert.ok(read.every(({ partition }) => [1, ...childShards].includes(partition)));
  });

  await suite.test(
    'a Kafka group continues from what KCL left of parents and children',
    async (t) => {
      const { stream, groupId, shards, countOf } = await reshardedStream(
        t,
        gateway,
        async () => {},
      );
      await rows.make(groupId);
      // Shard 0 is done and its lease cleaned up; 2 is done, 3 is not, so that 6 waits.
      const leases = [
        [1, 3],
        [2, 'SHARD_END'],
        [3, 1],
        [4, 'TRIM_HORIZON'],
        [5, 'TRIM_HORIZON'],
      ] as const;
      for (const [index, checkpoint] of leases) {
        const { leaseOwner: _, ...row } = kclRow(shards[index] ?? shards[0]!, checkpoint);
        await rows.put(groupId, { ...row, leaseKey: { S: shardIdOf(index) } });
      }
      const expected = [countOf(0), 4, countOf(2), 2, 0, 0, 0];
      assert.deepEqual(await committedOffsets(kafka, groupId, stream), expected);
      // Clients commit the end of what they are at the end of: the lease does not come again.
      await commit(stream, groupId, 0, countOf(0));
      assert.deepEqual((await rows.all(groupId))?.get(shardIdOf(0)), undefined);
      assert.deepEqual(await committedOffsets(kafka, groupId, stream), expected);
      // One who goes back into it has a lease.
      await commit(stream, groupId, 0, 1);
      assert.match(checkpointOf((await rows.all(groupId))?.get(shardIdOf(0))) ?? '', /^\d+$/);
    },
  );
});
