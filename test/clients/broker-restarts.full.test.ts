/** Brokers restart, and clients come while one is down: they continue, and nothing is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../adapters/kafka/connection.ts';
import { connectBy } from '../../adapters/kafka/transport.ts';
import { createTopics } from '../support/create-topics.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients, kafkaProgram } from '../support/install.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import { untilTrue } from '../support/until.ts';
import {
  addressOf,
  partitions,
  replaceLeader,
  startLoads,
  untilInSync,
} from '../support/loads/broker-changes.ts';
import { createStream, kafkaClient, newName } from '../support/doors.ts';
import {
  kafkajsLoad,
  librdkafkaLoad,
  lostOf,
  outOfOrder,
  untilAllGoOn,
  verifiableProducer,
} from '../support/loads/loads.ts';
import { kafkaRecords } from '../support/checks/records.ts';

const timeout = 600_000;

await Promise.all([sharedEngines(), installClients()]);

test('all brokers are restarted one after the other', { timeout }, async (t) => {
  const cluster = await startKafkaCluster(t);
  const gateway = await startGateway(t, {
    settings: { KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap },
  });
  const stream = await createStream(gateway.kinesis, partitions);
  const { step, end } = await startLoads(t, gateway.kafka, gateway.kinesis, stream);
  for (const broker of cluster.brokers) {
    await broker.stop();
    await broker.again();
    await untilInSync(gateway.kafka);
    await step(`broker ${broker.node.nodeId} was restarted`);
  }
  await end();
});

test(
  'who came while a broker was down writes to it when it leads again',
  { timeout },
  async (t) => {
    const cluster = await startKafkaCluster(t);
    const gateway = await startGateway(t, {
      settings: { KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap },
    });
    const topic = newName();
    const admin = kafkaClient(gateway.kafka).admin();
    await admin.connect();
    await createTopics(admin, [
      { topic, replicaAssignment: [{ partition: 0, replicas: [1, 2, 3] }] },
    ]);
    await admin.disconnect();
    for (const broker of cluster.brokers.slice(0, 2)) {
      const { nodeId } = broker.node;
      const kafka = await addressOf(gateway.kafka, nodeId);
      await broker.kill9();
      const loads = [
        await kafkajsLoad([kafka], topic, 1),
        await verifiableProducer(t, kafka, topic),
        await librdkafkaLoad(t, kafka, topic),
      ];
      t.diagnostic(`without broker ${nodeId} they begin after: ${await untilAllGoOn(loads)}`);
      const [host = '', port = ''] = kafka.split(':');
      const settings = { connect: connectBy(undefined), clientId: 'stays' };
      const standIn = await Connection.open({ host, port: Number(port) }, settings);
      await broker.again();
      await untilTrue('the connection to another broker to end', () => !standIn.usable);
      await replaceLeader(gateway.kafka, topic, nodeId);
      t.diagnostic(`led by broker ${nodeId} they continue after: ${await untilAllGoOn(loads)}`);
      for (const load of loads) await load.stop();
      const records = kafkaRecords(await kafkaProgram(['all', gateway.kafka, topic]));
      const values = new Set(records.map(({ value }) => value));
      assert.deepEqual([lostOf(loads, values), outOfOrder(records)], [[], []]);
    }
  },
);
