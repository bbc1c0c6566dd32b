import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { KafkaAdministration } from '../../../../adapters/kafka/administration.ts';
import { Cluster } from '../../../../adapters/kafka/cluster.ts';
import { type ErrorKind, isGatewayError } from '../../../../src/domain/errors.ts';
import type { LogSettings } from '../../../../src/ports/log-administration.ts';
import { freePort } from '../../../../adapters/engines/free-port.ts';
import { createTopics } from '../../../support/create-topics.ts';
import { sharedEngines } from '../../../support/engines.ts';

const { kafkaBootstrap } = await sharedEngines();
const hourMs = 3_600_000;
const settings: LogSettings = {
  retentionMs: 24 * hourMs,
  recordBytesMax: 1024 * 1024,
  arrivalTimestamps: true,
};

/** The adapter, and a client of the Kafka side, on the test run's cluster. */
async function openAdministration(t: TestContext) {
  const [host = '', port] = kafkaBootstrap.split(':');
  const bootstrap = [{ host, port: Number(port) }];
  const cluster = new Cluster({ bootstrap, clientId: 'test' });
  const administration = new KafkaAdministration(cluster, bootstrap, pino({ level: 'silent' }));
  const kafka = new Kafka({ brokers: [kafkaBootstrap], logLevel: logLevel.NOTHING });
  const client = kafka.admin();
  await client.connect();
  t.after(async () => {
    await Promise.all([administration.stop(), client.disconnect()]);
    cluster.close();
  });
  return { administration, client, kafka };
}

function nameOf(t: TestContext, client: Admin, name = `log-${randomUUID()}`): string {
  t.after(() => client.deleteTopics({ topics: [name] }).catch(() => undefined));
  return name;
}

async function configsOf(client: Admin, name: string): Promise<Map<string, string>> {
  const resources = [{ type: 2, name }];
  const answer = await client.describeConfigs({ includeSynonyms: false, resources });
  const entries = answer.resources[0]!.configEntries;
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
}

const ofKind = (kind: ErrorKind) => (error: unknown) => isGatewayError(error, kind);

test('a log is made as a stream needs it: stamped on arrival, deleted by time alone', async (t) => {
  const { administration, client } = await openAdministration(t);
  const name = nameOf(t, client);
  const made = await administration.create(name, 3, settings);
  assert.equal(made.partitionCount, 3);
  assert.deepEqual(await administration.describe(name), made);
  assert.deepEqual(await administration.settings(name), settings);
  const configs = await configsOf(client, name);
  assert.equal(configs.get('message.timestamp.type'), 'LogAppendTime');
  assert.equal(configs.get('cleanup.policy'), 'delete');
  assert.equal(configs.get('retention.bytes'), '-1');
  assert.equal(configs.get('retention.ms'), String(24 * hourMs));
});

test('a Kafka client can write a largest record into it', async (t) => {
  const { administration, client, kafka } = await openAdministration(t);
  const name = nameOf(t, client);
  await administration.create(name, 1, settings);
  const producer = kafka.producer();
  await producer.connect();
  t.after(() => producer.disconnect());
  const key = 'k'.repeat(256);
  const value = Buffer.alloc(settings.recordBytesMax - key.length, 7);
  const headers = { traceparent: '0'.repeat(512) };
  const [written] = await producer.send({ topic: name, messages: [{ key, value, headers }] });
  assert.equal(written!.errorCode, 0);
});

test('a name that is taken is in use, and what has it stays as it is', async (t) => {
  const { administration, client } = await openAdministration(t);
  const name = nameOf(t, client);
  const made = await administration.create(name, 1, settings);
  await assert.rejects(administration.create(name, 1, settings), ofKind('in-use'));
  await assert.rejects(administration.create(name, 5, settings), ofKind('in-use'));
  assert.deepEqual(await administration.describe(name), made);
});

test('a name or a count that Kafka refuses is an invalid argument', async (t) => {
  const { administration } = await openAdministration(t);
  await assert.rejects(administration.create('a b', 1, settings), ofKind('invalid-argument'));
  await assert.rejects(
    administration.create(`log-${randomUUID()}`, 0, settings),
    ofKind('invalid-argument'),
  );
});

test('a log that is not there is undefined, and not found by what needs it', async (t) => {
  const { administration } = await openAdministration(t);
  const name = `log-${randomUUID()}`;
  assert.equal(await administration.describe(name), undefined);
  await assert.rejects(administration.settings(name), ofKind('not-found'));
  await assert.rejects(administration.grow(name, 2), ofKind('not-found'));
  await assert.rejects(administration.change(name, { retentionMs: 1 }), ofKind('not-found'));
});

test('changing one setting leaves all others', async (t) => {
  const { administration, client } = await openAdministration(t);
  const name = nameOf(t, client);
  await createTopics(client, [
    { topic: name, configEntries: [{ name: 'segment.bytes', value: '14000000' }] },
  ]);
  await administration.change(name, { retentionMs: 48 * hourMs });
  await administration.change(name, { recordBytesMax: 2 * 1024 * 1024 });
  const configs = await configsOf(client, name);
  assert.equal(configs.get('segment.bytes'), '14000000');
  assert.equal(configs.get('retention.ms'), String(48 * hourMs));
  assert.equal((await administration.settings(name)).recordBytesMax, 2 * 1024 * 1024);
  assert.equal((await administration.settings(name)).arrivalTimestamps, false);
});

test('a log grows up to the count, and never shrinks', async (t) => {
  const { administration, client } = await openAdministration(t);
  const name = nameOf(t, client);
  const { logId } = await administration.create(name, 1, settings);
  await administration.grow(name, 4);
  await administration.grow(name, 2);
  assert.deepEqual(await administration.describe(name), { name, logId, partitionCount: 4 });
});

test('two that grow a log to the same count at once have both done it', async (t) => {
  const { administration, client } = await openAdministration(t);
  const { administration: other } = await openAdministration(t);
  const name = nameOf(t, client);
  await administration.create(name, 1, settings);
  for (let count = 2; count <= 10; count++) {
    await Promise.all([administration.grow(name, count), other.grow(name, count)]);
  }
  assert.equal((await administration.describe(name))?.partitionCount, 10);
});

test('a log is deleted by its identity: one made later under its name stays', async (t) => {
  const { administration, client } = await openAdministration(t);
  const name = nameOf(t, client);
  const former = await administration.create(name, 1, settings);
  await administration.delete(former);
  assert.equal(await administration.describe(name), undefined);
  const later = await administration.create(name, 1, settings);
  assert.notEqual(later.logId, former.logId);
  await administration.delete(former);
  assert.deepEqual(await administration.describe(name), later);
});

test('internal logs, and names longer than Kinesis has, are not shown', async (t) => {
  const { administration, client, kafka } = await openAdministration(t);
  const long = nameOf(t, client, `${randomUUID()}-`.padEnd(129, 'x'));
  const longest = nameOf(t, client, `${randomUUID()}-`.padEnd(128, 'x'));
  await createTopics(client, [{ topic: long }, { topic: longest }]);
  // Asking for a group's coordinator makes the cluster's own topic of offsets.
  const consumer = kafka.consumer({ groupId: `group-${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topic: longest });
  const { promise: joined, resolve } = deferred();
  consumer.on('consumer.group_join', () => resolve());
  await consumer.run({ eachMessage: async () => undefined });
  await joined;
  await consumer.disconnect();
  const names = (await administration.list()).map(({ name }) => name);
  assert.equal((await client.listTopics()).includes('__consumer_offsets'), true);
  assert.equal(names.includes('__consumer_offsets'), false);
  assert.equal(names.includes(long), false);
  assert.equal(names.includes(longest), true);
  assert.equal(await administration.describe('__consumer_offsets'), undefined);
  assert.equal(await administration.describe(long), undefined);
});

test('a cluster that is away is unavailable', async (t) => {
  const bootstrap = [{ host: '127.0.0.1', port: await freePort() }];
  const cluster = new Cluster({ bootstrap, clientId: 'test' });
  const administration = new KafkaAdministration(cluster, bootstrap, pino({ level: 'silent' }));
  t.after(async () => {
    await administration.stop();
    cluster.close();
  });
  await assert.rejects(administration.describe('x'), ofKind('unavailable'));
  await assert.rejects(administration.list(), ofKind('unavailable'));
  await assert.rejects(administration.create('x', 1, settings), ofKind('unavailable'));
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
