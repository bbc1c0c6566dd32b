/** The Kafka door behind TLS: a port for each broker, or one port for all by host name. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import kafkajs from 'kafkajs';
import { Connection } from '../../adapters/kafka/connection.ts';
import { connectBy } from '../../adapters/kafka/transport.ts';
import { selfSignedCertificate } from '../../src/runtime/certificate.ts';
import {
  metadataRequest as request,
  metadataResponse as response,
} from '../../src/wire/messages/03-metadata.ts';
import { createTopics } from '../support/create-topics.ts';
import { startKafkaDoor, type TestDoor } from '../support/kafka-door.ts';

const brokerHost = 'broker-{id}.kafka.localhost';

async function certificateFor(t: TestContext, host: string) {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return selfSignedCertificate(folder, host, Date.now());
}

async function readAndWrite(
  door: TestDoor,
  bootstrap: string,
  config: Partial<kafkajs.KafkaConfig>,
): Promise<string[]> {
  const kafka = new kafkajs.Kafka({
    brokers: [bootstrap],
    ...config,
    logLevel: kafkajs.logLevel.NOTHING,
    // A broker serves a new partition shortly after it has announced it.
    retry: { retries: 10 },
  });
  const topic = `tls-${process.pid}-${door.port}`;
  const admin = kafka.admin();
  await admin.connect();
  await createTopics(admin, [{ topic, numPartitions: 3 }]);
  const { brokers } = await admin.describeCluster();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const messages = Array.from({ length: 100 }, (_, index) => ({ value: `${index}` }));
  await producer.send({ topic, messages });
  const offsets = await admin.fetchTopicOffsets(topic);
  await Promise.all([producer.disconnect(), admin.disconnect()]);
  assert.equal(
    offsets.reduce((sum, { high }) => sum + Number(high), 0),
    100,
  );
  return brokers.map(({ host, port }) => `${host}:${port}`);
}

test('with TLS, a client that trusts the certificate is served', async (t) => {
  const { cert, key } = await certificateFor(t, '127.0.0.1');
  const door = await startKafkaDoor(t, { tls: { cert, key } });
  assert.deepEqual(await readAndWrite(door, door.bootstrap, { ssl: { ca: cert } }), [
    door.bootstrap,
  ]);
});

test('with TLS, a client without it is not served, and is counted', async (t) => {
  const { cert, key } = await certificateFor(t, '127.0.0.1');
  const door = await startKafkaDoor(t, { tls: { cert, key } });
  const address = { host: '127.0.0.1', port: door.port };
  const opened = Connection.open(address, { connect: connectBy(undefined), clientId: 'plain' });
  await assert.rejects(opened);
  const counted = await door.metrics.registry.getSingleMetric('kineska_refused_total')?.get();
  const reasons = counted?.values.map(({ labels }) => labels['reason']);
  assert.deepEqual(reasons, ['tls-handshake']);
});

test('by host name, one port stands for every broker, and any other name bootstraps', async (t) => {
  const { cert, key } = await certificateFor(t, '*.kafka.localhost');
  const door = await startKafkaDoor(t, { tls: { cert, key, brokerHost }, advertisedPort: 4711 });
  const [broker] = await advertised(door, cert, 'kafka.localhost');
  assert.deepEqual(broker, { nodeId: 1, host: 'broker-1.kafka.localhost', port: 4711 });
  const same = await advertised(door, cert, 'broker-1.kafka.localhost');
  assert.deepEqual(same, [broker], 'the broker itself answers under its name');
  const gone = await advertised(door, cert, 'broker-9.kafka.localhost');
  assert.deepEqual(gone, [broker], 'another one stands in for a broker that is not there');
});

test('by host name, a client that checks names is served', async (t) => {
  const { cert, key } = await certificateFor(t, '*.kafka.localhost');
  const door = await startKafkaDoor(t, { tls: { cert, key, brokerHost } });
  // As a name service would that has a wildcard for all of these names.
  const socketFactory: kafkajs.ISocketFactory = ({ host, port, onConnect }) =>
    connect({ host: '127.0.0.1', port, servername: host, ca: cert }, onConnect);
  const bootstrap = `bootstrap.kafka.localhost:${door.port}`;
  assert.deepEqual(await readAndWrite(door, bootstrap, { ssl: true, socketFactory }), [
    `broker-1.kafka.localhost:${door.port}`,
  ]);
});

/** The brokers that the door tells of under this host name. */
async function advertised(door: TestDoor, ca: string, servername: string) {
  const dial = () =>
    new Promise<Socket>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: door.port, ca, servername };
      const checkServerIdentity = () => undefined;
      const socket = connect({ ...options, checkServerIdentity }, () => resolve(socket));
      socket.once('error', reject);
    });
  const address = { host: '127.0.0.1', port: door.port };
  const connection = await Connection.open(address, { connect: dial, clientId: 'sni' });
  const answer = await connection.request({ request, response }, { topics: [] });
  connection.close();
  return answer.brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port }));
}
