/** Leases of streams that are deleted, by either door or behind the gateway's back. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetShardIteratorCommand,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import { Database } from '../../adapters/dynamodb/database.ts';
import { openStreamCatalog } from '../../adapters/dynamodb/stream-catalog.ts';
import { creationSecondOf } from '../../src/domain/leases/leases.ts';
import { shardIdOf } from '../../src/domain/streams/stream.ts';
import type { StreamCatalog } from '../../src/ports/stream-catalog.ts';
import { createStream, kinesisClient, newName } from '../support/doors.ts';
import { produceByKafkajs } from '../support/programs/kafkajs.ts';
import { createTopics } from '../support/create-topics.ts';
import { ownDynamodb, sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { kclRow, openLeaseRows, type Row } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import {
  clusterAt,
  committedOffsets,
  commitAccepted,
  filledStream,
  readAsGroup,
  shardsOf,
  withAdmin,
} from '../support/groups.ts';

const { kafkaBootstrap } = await sharedEngines();
// Gateways of other test files, which have other catalogs, take every group of the cluster over.
const dynamodbEndpoint = await ownDynamodb();
const settings = {
  KINESKA_DYNAMODB_ENDPOINT: dynamodbEndpoint,
  KINESKA_LEASE_FAILOVER_MS: '1000',
  KINESKA_CATALOG_TABLE: `catalog-${newName()}`,
  KINESKA_GROUP_TABLES: '!left-out-*',
};
const manyTables = 150;
const tablesAtOnce = 10;
const allShards = [0, 1, 2, 3].map(shardIdOf);

async function catalogOf(t: TestContext): Promise<StreamCatalog> {
  const database = await Database.open({ endpoint: dynamodbEndpoint, region: 'us-east-1' });
  t.after(() => database.close());
  return openStreamCatalog(database, settings.KINESKA_CATALOG_TABLE);
}

/** As KCL writes it in a table of several streams. */
function multiStreamRow(stream: string, second: number, index: number): Row {
  const streamIdentifier = `000000000000:${stream}:${second}`;
  const { leaseOwner: _, ...row } = kclRow({ index, createdAtSeconds: second }, 1);
  return {
    ...row,
    leaseKey: { S: `${streamIdentifier}:${shardIdOf(index)}` },
    streamName: { S: streamIdentifier },
    shardId: { S: shardIdOf(index) },
  };
}

test('the leases of deleted streams', async (suite) => {
  const gateway = await startGateway(suite, { settings });
  const other = await startGateway(suite, { settings });
  const rows = await openLeaseRows(suite, dynamodbEndpoint);
  const catalog = await catalogOf(suite);
  const kinesis = kinesisClient(gateway.kinesis);
  suite.after(() => kinesis.destroy());
  const door = clusterAt(suite, gateway.kafka);
  const commit = (groupId: string, topic: string, partition: number, offset: number) =>
    commitAccepted(door, { groupId, topic, partition, offset });
  const keys = async (table: string) => [...((await rows.all(table))?.keys() ?? [])].toSorted();
  const secondOf = async (stream: string) => creationSecondOf((await catalog.get(stream))!);
  const deleteStream = (StreamName: string, by = kinesis) =>
    by.send(new DeleteStreamCommand({ StreamName }));
  const deleteTopic = (bootstrap: string, topic: string) =>
    withAdmin(bootstrap, (admin) => admin.deleteTopics({ topics: [topic] }));
  const createTopic = (topic: string) =>
    withAdmin(kafkaBootstrap, (admin) => createTopics(admin, [{ topic, numPartitions: 4 }]));
  /** No other stream has its second of creation. */
  const streamAlone = async (): Promise<string> => {
    for (;;) {
      const stream = await createStream(gateway.kinesis);
      const second = await secondOf(stream);
      const known = await catalog.list();
      if (known.filter((each) => creationSecondOf(each) === second).length === 1) return stream;
    }
  };

  await suite.test('DeleteStream takes them out of tables of one and of several', async () => {
    const { stream, shards } = await filledStream(gateway, 200);
    const kept = await createStream(gateway.kinesis);
    const [one, several] = [newName(), newName()];
    await commit(one, stream, 1, 5);
    await commit(several, stream, 0, 3);
    await commit(several, kept, 2, 0);
    // A worker of KCL owns one, another was made by KCL after the gateway saw the table.
    await rows.set(one, shardIdOf(1), { leaseOwner: { S: 'worker-1' } });
    const { leaseOwner: _, ...row } = kclRow(shards[3]!, 'SHARD_END');
    await rows.client.deleteItem({ TableName: one, Key: { leaseKey: { S: shardIdOf(3) } } });
    await rows.put(one, row);
    await rows.put(one, {
      leaseKey: { S: 'worker-1' },
      entityType: { S: 'WORKER_METRIC_STATS' },
      lut: { N: '1' },
    });
    const second = await secondOf(kept);
    await rows.put(several, multiStreamRow(stream, (await secondOf(stream)) - 1_000, 0));
    await deleteStream(stream);
    assert.deepEqual(await keys(one), ['worker-1']);
    const ofKept = allShards.map((id) => `000000000000:${kept}:${second}:${id}`);
    const left = (await keys(several)).filter((key) => !key.includes(`:${stream}:`));
    assert.deepEqual(left, ofKept);
    // Of a former stream of that name there is nothing that could be told from a mistake.
    assert.equal((await keys(several)).length, ofKept.length + 1);
    await untilTrue('Kafka to drop the offsets', async () => {
      const { offsets } = await withAdmin(gateway.kafka, async (admin) => ({
        offsets: await admin.fetchOffsets({ groupId: one }),
      }));
      return offsets.length === 0;
    });
  });

  await suite.test('a group reads a stream of the same name from its start', async () => {
    const { stream } = await filledStream(gateway, 200);
    const groupId = newName();
    await readAsGroup(gateway.kafka, groupId, stream, 200);
    await deleteStream(stream);
    assert.deepEqual(await keys(groupId), []);
    await createTopic(stream);
    await produceByKafkajs(gateway.kafka, stream, 100);
    assert.deepEqual(await committedOffsets(gateway.kafka, groupId, stream), [-1, -1, -1, -1]);
    await readAsGroup(gateway.kafka, groupId, stream, 100);
    assert.deepEqual(await keys(groupId), allShards);
  });

  await suite.test('DeleteTopics does the same, through any gateway', async () => {
    const { stream } = await filledStream(gateway, 100);
    const topic = newName();
    await createTopic(topic);
    const groups = [newName(), newName()] as const;
    await commit(groups[0], stream, 0, 5);
    await commit(groups[1], topic, 2, 0);
    await deleteTopic(other.kafka, stream);
    await deleteTopic(other.kafka, topic);
    for (const group of groups) assert.deepEqual(await keys(group), []);
  });

  await suite.test('a topic that was deleted and made again past the gateways', async () => {
    const topic = newName();
    await createTopic(topic);
    await produceByKafkajs(kafkaBootstrap, topic, 200);
    const groupId = newName();
    await readAsGroup(gateway.kafka, groupId, topic, 200);
    await deleteTopic(kafkaBootstrap, topic);
    await createTopic(topic);
    await produceByKafkajs(kafkaBootstrap, topic, 300);
    // Nothing is skipped, however soon it comes: the view of the former topic is young.
    assert.deepEqual(await committedOffsets(gateway.kafka, groupId, topic), [-1, -1, -1, -1]);
    assert.deepEqual(await keys(groupId), []);
    await readAsGroup(other.kafka, groupId, topic, 300);
    const stream = await catalog.get(topic);
    const origin = `${topic}:${creationSecondOf(stream!)}`;
    for (const [, row] of (await rows.all(groupId))!) assert.equal(row['kineskaStream']?.S, origin);
  });

  await suite.test('an application of KCL alone has none of them left', async () => {
    const stream = await streamAlone();
    const shards = await shardsOf(gateway, stream);
    const [application, silent, leftOut, stranger] = [
      newName(),
      newName(),
      `left-out-${newName()}`,
      newName(),
    ];
    for (const table of [application, silent, leftOut, stranger]) await rows.make(table);
    await rows.put(application, kclRow(shards[0]!, 7));
    await rows.put(application, kclRow(shards[1]!, 'SHARD_END'));
    // Nothing in these tells of which stream they are, or it tells of more than one.
    await rows.put(silent, kclRow(shards[0]!, 'SHARD_END'));
    await rows.put(leftOut, kclRow(shards[0]!, 7));
    await rows.put(stranger, kclRow(shards[0]!, 7));
    const later = { index: 1, createdAtSeconds: shards[1]!.createdAtSeconds + 1 };
    await rows.put(stranger, kclRow(later, 7));
    await deleteStream(stream);
    assert.deepEqual(await keys(application), []);
    assert.deepEqual(await keys(silent), [shardIdOf(0)]);
    assert.deepEqual(await keys(leftOut), [shardIdOf(0)]);
    assert.deepEqual(await keys(stranger), [0, 1].map(shardIdOf));
  });

  await suite.test('KCL comes with a checkpoint of a topic that was made again', async () => {
    const topic = newName();
    await createTopic(topic);
    const shards = await shardsOf(gateway, topic);
    const groupId = newName();
    await commit(groupId, topic, 0, 0);
    await rows.set(groupId, shardIdOf(0), { checkpoint: kclRow(shards[0]!, 7)['checkpoint']! });
    await deleteTopic(kafkaBootstrap, topic);
    await createTopic(topic);
    // A view of the former topic, or of none, is a second old at most; Kinesis reads by it.
    await untilTrue('the topic to be a new stream', async () => {
      const [shard] = await shardsOf(gateway, topic).catch((error: Error) => {
        assert.equal(error.name, 'ResourceNotFoundException');
        return [];
      });
      return shard !== undefined && shard.createdAtSeconds > shards[0]!.createdAtSeconds;
    });
    assert.deepEqual(await keys(groupId), []);
    const stale = kinesis.send(
      new GetShardIteratorCommand({
        StreamName: topic,
        ShardId: shardIdOf(0),
        ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
        StartingSequenceNumber: kclRow(shards[0]!, 7)['checkpoint']!.S!,
      }),
    );
    await assert.rejects(stale, { name: 'InvalidArgumentException' });
  });

  await suite.test('what a gateway that died left half done is done by another', async () => {
    const { stream } = await filledStream(gateway, 100);
    const groupId = newName();
    await commit(groupId, stream, 0, 5);
    const before = (await catalog.get(stream))!;
    const deleting = { ...before, status: 'DELETING' as const, version: before.version + 1 };
    await catalog.replace(before, deleting);
    await deleteTopic(kafkaBootstrap, stream);
    assert.deepEqual(await keys(groupId), allShards);
    await untilTrue('the stream to be gone', async () => {
      const StreamName = stream;
      const asked = kinesisClient(other.kinesis);
      const error = await asked
        .send(new DescribeStreamSummaryCommand({ StreamName }))
        .then(() => undefined)
        .catch((caught: Error) => caught.name);
      asked.destroy();
      return error === 'ResourceNotFoundException';
    });
    assert.deepEqual(await keys(groupId), []);
  });

  await suite.test('among many tables, while other streams are deleted', async (t) => {
    const streams = await Promise.all(
      Array.from({ length: 3 }, () => createStream(gateway.kinesis)),
    );
    const groups = Array.from({ length: manyTables }, (_, index) => ({
      groupId: newName(),
      stream: streams[index % streams.length]!,
    }));
    for (let from = 0; from < groups.length; from += tablesAtOnce) {
      const some = groups.slice(from, from + tablesAtOnce);
      await Promise.all(some.map(({ groupId, stream }) => commit(groupId, stream, 0, 0)));
    }
    const [first, second, kept] = streams;
    const startedAt = performance.now();
    const byOther = kinesisClient(other.kinesis);
    await Promise.all([deleteStream(first!), deleteStream(second!, byOther)]);
    byOther.destroy();
    t.diagnostic(`${manyTables} tables: ${Math.round(performance.now() - startedAt)} ms`);
    // On a busy machine the deletion does not wait for all of them.
    for (const { groupId, stream } of groups) {
      const wanted = stream === kept ? allShards : [];
      const isSo = async () => (await keys(groupId)).join() === wanted.join();
      await untilTrue(`the leases of ${groupId}`, isSo);
    }
    await kinesis.send(
      new PutRecordCommand({ StreamName: kept, PartitionKey: 'a', Data: Buffer.from('b') }),
    );
  });
});
