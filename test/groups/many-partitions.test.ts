/** A group of more partitions than one call of DynamoDB changes, through two gateways at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../src/wire/messages/08-offset-commit.ts';
import { shardIdOf } from '../../src/domain/streams/stream.ts';
import { kafkaClient, newName } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { openLeaseRows, type Row } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import { clusterAt, committedOffsets, commitTo, withAdmin } from '../support/groups.ts';

const partitions = 250;
const waitMsMax = 60_000;
const { kafkaBootstrap } = await sharedEngines();
const settings = { KINESKA_LEASE_FAILOVER_MS: '3000' };
const offsetCommitApi = { request: offsetCommitRequest, response: offsetCommitResponse };

test('a group of many partitions', async (t) => {
  const [one, other] = await Promise.all([
    startGateway(t, { settings }),
    startGateway(t, { settings }),
  ]);
  const rows = await openLeaseRows(t, one.dynamodb);
  const cluster = clusterAt(t, kafkaBootstrap);
  const [topic, groupId] = [newName(), newName()];
  await withAdmin(kafkaBootstrap, (admin) =>
    admin.createTopics({
      topics: [{ topic, numPartitions: partitions }],
      waitForLeaders: false,
    }),
  );
  await untilTrue('a first commit', async () => {
    const first = { groupId, topic, partition: 0, offset: 0 };
    return (await commitTo(cluster, first).catch(() => -1)) === 0;
  });
  const offsets = Array.from({ length: partitions }, (_, partition) => partition);
  const committed = offsets.map((partitionIndex) => ({
    partitionIndex,
    committedOffset: BigInt(partitionIndex),
    committedLeaderEpoch: -1,
    committedMetadata: '',
  }));
  const topics = [{ name: topic, partitions: committed }];
  await cluster.request(offsetCommitApi, { groupId, memberId: '', topics }, { versionMax: 9 });

  await t.test('both make the table, and each row is there once', async () => {
    const answers = await Promise.all(
      [one, other].map(({ kafka }) => committedOffsets(kafka, groupId, topic)),
    );
    assert.deepEqual(answers, [offsets, offsets]);
    const table = (await rows.all(groupId))!;
    assert.deepEqual([...table.keys()].toSorted(), offsets.map(shardIdOf).toSorted());
    for (const offset of offsets) {
      assert.equal(table.get(shardIdOf(offset))?.['kineskaCommitted']?.N, String(offset));
    }
  });

  await t.test('a member has all leases but one of a KCL worker, and renews them', async () => {
    const foreign = shardIdOf(150);
    const worker = { leaseOwner: { S: 'worker-1' }, leaseCounter: { N: '100' } };
    await rows.set(groupId, foreign, worker);
    const beat = setInterval(() => {
      const counter = { leaseCounter: { N: String(Date.now()) } };
      void rows.set(groupId, foreign, { ...worker, ...counter }).catch(() => undefined);
    }, 500);
    t.after(() => clearInterval(beat));
    const consumer = kafkaClient(one.kafka).consumer({ groupId });
    await consumer.connect();
    t.after(() => consumer.disconnect());
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage: async () => {} });
    const all = async () => (await rows.all(groupId)) ?? new Map<string, Row>();
    const isMembers = (row: Row) => row['leaseOwner']?.S?.startsWith('kafka/') === true;
    const owned = async () => [...(await all())].filter(([, row]) => isMembers(row));
    await untilTrue(
      'the member to have the leases',
      async () => (await owned()).length === partitions - 1,
      waitMsMax,
    );
    assert.equal((await all()).get(foreign)?.['leaseOwner']?.S, 'worker-1');
    const before = new Map(
      (await owned()).map(([key, row]) => [key, Number(row['leaseCounter']?.N)]),
    );
    await untilTrue(
      'all counters to move',
      async () => {
        const now = await owned();
        return (
          now.length >= before.size &&
          now.every(([key, row]) => Number(row['leaseCounter']?.N) > (before.get(key) ?? -1))
        );
      },
      waitMsMax,
    );
  });
});
