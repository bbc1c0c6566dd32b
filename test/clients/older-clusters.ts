/**
 * Clusters older than the embedded Kafka behind the gateway: clients of both doors write, read,
 * work in groups and commit transactions.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import {
  apiVersionsRequest,
  apiVersionsResponse,
} from '../../src/wire/messages/18-api-versions.ts';
import { apiTables } from '../conformance/api-tables.ts';
import { sharedEngines } from '../support/engines.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { installClients, kafkaProgram, python, run } from '../support/install.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import { connectTo } from '../support/kafka-connection.ts';
import { openLeaseRows } from '../support/lease-rows.ts';
import { createKafkaTopic } from '../support/both-ways.ts';
import { createStream, kinesisClient } from '../support/doors.ts';
import {
  consumeByKafkajs,
  produceByKafkajs,
  transactByKafkajs,
} from '../support/programs/kafkajs.ts';
import { assertAllOnce, kafkaRecords, kinesisRecords } from '../support/checks/records.ts';
import { splitAndMerge } from '../support/loads/split-and-merge.ts';

export type KafkaVersion = {
  readonly name: string;
  /** Members by KIP-848, which 3.9 has as a preview that is off. */
  readonly hasConsumerProtocol: boolean;
  /** KIP-932, which is for production from 4.2 on. */
  readonly hasShareGroups: boolean;
};

const count = 1_000;
const many = String(count);
const timeout = 400_000;
const kafkaPython = 'test/clients/python/kafka_client.py';
const kinesisPython = 'test/clients/python/kinesis.py';
const versionsApi = { request: apiVersionsRequest, response: apiVersionsResponse };

const byJava = (...given: string[]) => kafkaProgram(given);
const byPython = async (...given: string[]) => run(await python(), [kafkaPython, ...given]);
const byBoto3 = async (...given: string[]) => run(await python(), [kinesisPython, ...given]);

/** Starts a cluster of that version once, and has clients of every kind work with it. */
export function testOlderCluster(version: KafkaVersion): void {
  test(`Kafka ${version.name} behind the gateway`, { timeout }, async (t) => {
    await Promise.all([sharedEngines(), installClients()]);
    const cluster = await startKafkaCluster(t, {
      count: 1,
      version: version.name,
      properties: () => ({ 'min.insync.replicas': '1' }),
    });
    const gateway = await startGateway(t, {
      settings: { KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap },
    });
    await t.test('clients are offered what both the cluster and the gateway have', (each) =>
      offered(each, cluster.bootstrap, gateway.kafka),
    );
    await t.test('records pass from every client to every other', () => records(gateway, version));
    await t.test('a group commits to its lease table, and resumes', (each) =>
      groups(each, gateway, version),
    );
    await t.test('transactions', () => transactions(gateway));
    await t.test('shards are split and merged', () => reshards(gateway));
  });
}

async function offered(t: TestContext, cluster: string, gateway: string): Promise<void> {
  const client = { clientSoftwareName: 'a-client', clientSoftwareVersion: '1' };
  const rangesOf = async (address: string) => {
    const connection = await connectTo(t, address);
    const { apiKeys } = await connection.request(versionsApi, client);
    return new Map(apiKeys.map(({ apiKey, ...range }) => [apiKey, range]));
  };
  const [theirs, ours] = await Promise.all([rangesOf(cluster), rangesOf(gateway)]);
  for (const { name, request } of apiTables) {
    const ofCluster = theirs.get(request.key);
    const tableMax = Math.min(request.versionMax, request.unstableSince - 1);
    const max = Math.min(ofCluster?.maxVersion ?? -1, tableMax);
    const min = Math.max(ofCluster?.minVersion ?? 0, request.versionMin);
    const expected = max < min ? undefined : max;
    assert.equal(ours.get(request.key)?.maxVersion, expected, name);
  }
}

async function records({ kafka, kinesis }: Gateway, version: KafkaVersion): Promise<void> {
  const stream = await createStream(kinesis);
  await byBoto3('put', kinesis, stream, many);
  assertAllOnce(kinesisRecords(await byBoto3('read', kinesis, stream)), count);
  assertAllOnce(kafkaRecords(await byJava('all', kafka, stream)), count);
  const written = await createStream(kinesis);
  await byJava('produce', kafka, written, many, 'none,gzip,snappy,lz4,zstd');
  assertAllOnce(kinesisRecords(await byBoto3('read', kinesis, written)), count, 5);
  const topic = await createKafkaTopic(kafka);
  await byPython('produce', kafka, topic, many, 'zstd,lz4');
  await produceByKafkajs(kafka, topic, count);
  assertAllOnceByProducer(kinesisRecords(await byBoto3('read', kinesis, topic)));
  if (!version.hasShareGroups) return;
  assert.equal(kafkaRecords(await byJava('share', kafka, stream, many)).length, count);
}

/** librdkafka and kafkajs place keys differently: order and place hold for each alone. */
function assertAllOnceByProducer(read: readonly { readonly value: string }[]): void {
  const times = new Map<string, number>();
  for (const { value } of read) times.set(value, (times.get(value) ?? 0) + 1);
  assert.deepEqual([times.size, new Set(times.values())], [count, new Set([3])]);
}

async function groups(t: TestContext, gateway: Gateway, version: KafkaVersion): Promise<void> {
  const { kafka, kinesis } = gateway;
  const rows = await openLeaseRows(t, gateway.dynamodb);
  const protocols = version.hasConsumerProtocol ? ['classic', 'consumer'] : ['classic'];
  for (const protocol of protocols) {
    const stream = await createStream(kinesis);
    await produceByKafkajs(kafka, stream, count);
    for (const read of [byJava, byPython]) {
      assertAllOnce(kafkaRecords(await read('consume', kafka, stream, many, protocol)), count);
    }
    await produceByKafkajs(kafka, stream, count);
    const next = await byJava('consume', kafka, stream, many, protocol);
    assertAllOnce(kafkaRecords(next), count);
    const leases = await rows.all(`java-${protocol}-${stream}`);
    assert.equal(leases?.size, 4, `a lease for each shard, by ${protocol}`);
    await byJava('members', kafka, await createStream(kinesis), protocol);
  }
  const stream = await createStream(kinesis);
  await byBoto3('put', kinesis, stream, many);
  assertAllOnce(await consumeByKafkajs(kafka, stream, count), count);
}

async function transactions({ kafka, kinesis }: Gateway): Promise<void> {
  const source = await createStream(kinesis);
  await byBoto3('put', kinesis, source, many);
  const copies = [
    (target: string) => byJava('transform', kafka, source, many, target),
    (target: string) => byPython('copy', kafka, source, many, target),
  ];
  for (const copy of copies) {
    const target = await createStream(kinesis);
    await copy(target);
    assertAllOnce(kinesisRecords(await byBoto3('read', kinesis, target)), count);
  }
  const committed = await createStream(kinesis);
  await transactByKafkajs(kafka, committed, count);
  assertAllOnce(kinesisRecords(await byBoto3('read', kinesis, committed)), count);
}

async function reshards({ kafka, kinesis }: Gateway): Promise<void> {
  const stream = await createStream(kinesis);
  const client = kinesisClient(kinesis);
  const waiter = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
  await waitUntilStreamExists(waiter, { StreamName: stream });
  await byJava('produce', kafka, stream, many, 'none');
  await splitAndMerge(client, stream);
  client.destroy();
  await byJava('produce', kafka, stream, many, 'none');
  const read = kafkaRecords(await byJava('all', kafka, stream));
  assert.equal(read.length, 2 * count);
  assert.equal(new Set(read.map(({ value }) => value)).size, count);
}
