/** Three brokers behind one gateway; brokers die, come back, move and are added under load. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Admin } from 'kafkajs';
import { Connection } from '../../adapters/kafka/connection.ts';
import { connectBy } from '../../adapters/kafka/transport.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { encodeBatch } from '../../src/wire/record-batch.ts';
import { createTopics } from '../support/create-topics.ts';
import { untilTrue } from '../support/until.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { kafkaTool } from '../support/install.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import { createStream, kafkaClient, newName } from '../support/doors.ts';
import {
  kafkajsLoad,
  kinesisLoad,
  lostOf,
  untilAllGoOn,
  valuesOf,
  verifiableProducer,
} from '../support/loads/loads.ts';

const timeout = 280_000;

const produceApi = { request: produceRequest, response: produceResponse };
const requestTimedOut = 7;
const notEnoughReplicas = 19;
const notEnoughReplicasAfterAppend = 20;

await sharedEngines();

test(
  'brokers die, come back and are added: clients continue, no record is lost',
  { timeout },
  async (t) => {
    const cluster = await startKafkaCluster(t);
    const gateway = await startGateway(t, {
      settings: { KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap, KINESKA_LIMITS: 'off' },
    });
    const stream = await createStream(gateway.kinesis, 6);
    const loads = [
      await kafkajsLoad([gateway.kafka], stream, 6),
      await verifiableProducer(t, gateway.kafka, stream),
      kinesisLoad([gateway.kinesis], stream),
    ];
    await untilAllGoOn(loads);
    const step = async (what: string) => {
      t.diagnostic(`${what}; went on after: ${await untilAllGoOn(loads)}`);
    };
    const [first, second] = cluster.brokers;

    await first!.kill9();
    await step('the first broker, behind the port to bootstrap from, was killed');
    const admin = kafkaClient(gateway.kafka).admin();
    await admin.connect();
    assert.equal((await admin.describeCluster()).brokers.length, 2, 'a newcomer bootstraps');
    await admin.disconnect();

    await first!.again();
    await step('it came back');
    await preferredLeaders(gateway.kafka);
    await step('leaders moved to it');

    await second!.kill9();
    await step('another one was killed');
    await second!.again();

    const added = await cluster.add();
    await moveTo(gateway.kafka, stream, added.node.nodeId);
    await preferredLeaders(gateway.kafka);
    await step('a broker was added and leads a partition');
    await writeTo(gateway.kafka, added.node.nodeId);

    for (const load of loads) await load.stop();
    for (const { name, acknowledged, failed } of loads) {
      t.diagnostic(`${name}: ${acknowledged.size} acknowledged, ${failed.length} given up`);
    }
    const values = await valuesOf(gateway.kinesis, stream);
    assert.deepEqual(lostOf(loads, values), []);
  },
);

function preferredLeaders(bootstrap: string): Promise<string> {
  return kafkaTool('org.apache.kafka.tools.LeaderElectionCommand', [
    ...['--bootstrap-server', bootstrap, '--election-type', 'preferred', '--all-topic-partitions'],
  ]);
}

/** Partition 0 gets replicas on the broker, which is to lead it. */
async function moveTo(bootstrap: string, topic: string, nodeId: number): Promise<void> {
  const admin = kafkaClient(bootstrap).admin();
  await admin.connect();
  const replicas = [nodeId, 1, 3];
  const partitionAssignment = [{ partition: 0, replicas }];
  await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
  const isThere = async () =>
    (await admin.listPartitionReassignments({ topics: [{ topic, partitions: [0] }] })).topics
      .length === 0;
  await untilTrue(`${topic} to be on broker ${nodeId}`, isThere);
  await admin.disconnect();
}

/** A client that knows nothing yet reaches the new broker. */
async function writeTo(bootstrap: string, nodeId: number): Promise<void> {
  const kafka = kafkaClient(bootstrap);
  const admin = kafka.admin();
  await admin.connect();
  const topic = newName();
  const replicaAssignment = [{ partition: 0, replicas: [nodeId] }];
  const configEntries = [{ name: 'min.insync.replicas', value: '1' }];
  await createTopics(admin, [{ topic, replicaAssignment, configEntries }]);
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const [sent] = await producer.send({ topic, messages: [{ value: 'to the new broker' }] });
  await producer.disconnect();
  assert.equal(sent?.baseOffset, '0');
}

test(
  'what asks for one replica waits for two on a stream, and not on a topic',
  { timeout },
  async (t) => {
    const cluster = await startKafkaCluster(t);
    const gateway = await startGateway(t, {
      settings: { KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap },
    });
    const stream = await createStream(gateway.kinesis, 3);
    const topic = newName();
    const admin = kafkaClient(gateway.kafka).admin();
    await admin.connect();
    const replicaAssignment = [1, 2, 3].map((leader, partition) => {
      const others = [1, 2, 3].filter((each) => each !== leader);
      return { partition, replicas: [leader, ...others] };
    });
    await createTopics(admin, [{ topic, replicaAssignment }]);
    const leading = await partitionsOf(admin, 1, [stream, topic]);
    await admin.disconnect();

    const [host = '', port = ''] = gateway.kafka.split(':');
    const settings = { connect: connectBy(undefined), clientId: 'one-replica' };
    const connection = await Connection.open({ host, port: Number(port) }, settings);
    t.after(() => connection.close());
    const codeOf = async (name: string) => {
      const records = encodeBatch([{ key: null, value: Buffer.from('v') }], Date.now());
      const partitionData = [{ index: leading.get(name)!, records }];
      const request = { acks: 1, timeoutMs: 2_000, topicData: [{ name, partitionData }] };
      const answer = await connection.request(produceApi, request, { versionMax: 12 });
      return answer.responses[0]?.partitionResponses[0]?.errorCode;
    };
    assert.deepEqual([await codeOf(stream), await codeOf(topic)], [0, 0]);
    // The first broker leads on alone: without the others no other leader can be elected.
    await Promise.all(cluster.brokers.slice(1).map((broker) => broker.kill9()));
    assert.equal(await codeOf(topic), 0);
    const refused = [requestTimedOut, notEnoughReplicas, notEnoughReplicasAfterAppend];
    const code = await codeOf(stream);
    assert.ok(refused.includes(code ?? 0), `the answer was ${code}`);
  },
);

/** Of each topic, a partition that the broker leads. */
async function partitionsOf(admin: Admin, nodeId: number, topics: string[]) {
  const metadata = await admin.fetchTopicMetadata({ topics });
  const found = metadata.topics.map(({ name, partitions }) => {
    const led = partitions.find(({ leader }) => leader === nodeId);
    return [
      name,
      led?.partitionId ?? assert.fail(`broker ${nodeId} leads none of ${name}`),
    ] as const;
  });
  return new Map(found);
}
