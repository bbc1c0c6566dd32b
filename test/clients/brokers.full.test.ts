/** Brokers join, leave for good, restart and come back while clients of every kind go on. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Connection } from '../../adapters/kafka/connection.ts';
import { connectBy } from '../../adapters/kafka/transport.ts';
import { createTopics } from '../support/create-topics.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients, kafkaProgram, kafkaTool } from '../support/install.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import { untilTrue } from '../support/until.ts';
import { createStream, kafkaClient, newName } from './doors.ts';
import { type FollowerKind, followerKinds, startFollower } from './followers.ts';
import {
  kafkajsLoad,
  kinesisLoad,
  librdkafkaLoad,
  type Load,
  lostOf,
  outOfOrder,
  untilAllGoOn,
  verifiableProducer,
} from './loads.ts';
import { kafkaRecords } from './records.ts';

const timeout = 840_000;
const partitions = 6;
const movingMsMax = 120_000;

await Promise.all([sharedEngines(), installClients()]);

const readerKinds = [followerKinds.javaConsumer, followerKinds.pythonClassic];

/** A group of one member; what it has read is shown as a load shows what it wrote. */
async function readingLoad(t: TestContext, kind: FollowerKind, bootstrap: string, topic: string) {
  const follower = await startFollower(t, kind, bootstrap, topic, newName());
  const values = new Set<string>();
  let taken = 0;
  const seen = () => {
    for (; taken < follower.records.length; taken++) values.add(follower.records[taken]!.value);
    return values;
  };
  return {
    name: kind.name,
    get acknowledged() {
      return seen();
    },
    failed: follower.failed,
    async stop() {
      await follower.stop();
    },
  } satisfies Load;
}

async function startLoads(t: TestContext, kafka: string, kinesis: string, stream: string) {
  const writers = [
    await kafkajsLoad([kafka], stream, partitions),
    await verifiableProducer(t, kafka, stream),
    await librdkafkaLoad(t, kafka, stream),
    kinesisLoad([kinesis], stream),
  ];
  const readers: Load[] = [];
  for (const kind of readerKinds) readers.push(await readingLoad(t, kind, kafka, stream));
  const loads = [...writers, ...readers];
  await untilAllGoOn(loads);
  const step = async (what: string) => {
    t.diagnostic(`${what}; went on after: ${await untilAllGoOn(loads)}`);
  };
  /** Every acknowledged record is there, in order, and every group has read it. */
  const end = async () => {
    for (const writer of writers) await writer.stop();
    for (const { name, acknowledged, failed } of loads) {
      t.diagnostic(`${name}: ${acknowledged.size} acknowledged, ${failed.length} given up`);
    }
    const records = kafkaRecords(await kafkaProgram(['all', kafka, stream]));
    const values = new Set(records.map(({ value }) => value));
    assert.deepEqual(lostOf(writers, values), [], 'lost');
    assert.deepEqual(outOfOrder(records), [], 'out of order');
    for (const reader of readers) {
      const missing = () => [...values].filter((each) => !reader.acknowledged.has(each));
      await untilTrue(`${reader.name} to read all`, () => missing().length === 0, movingMsMax);
      await reader.stop();
    }
  };
  return { step, end };
}

/** The address that stands for a broker. */
async function addressOf(kafka: string, nodeId: number): Promise<string> {
  const admin = kafkaClient(kafka).admin();
  await admin.connect();
  const { brokers } = await admin.describeCluster();
  await admin.disconnect();
  const { host, port } = brokers.find((broker) => broker.nodeId === nodeId)!;
  return `${host}:${port}`;
}

test('a broker joins, another leaves for good and comes back', { timeout }, async (t) => {
  const cluster = await startKafkaCluster(t);
  const gateway = await startGateway(t, {
    settings: { KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap },
  });
  const stream = await createStream(gateway.kinesis, partitions);
  const leaving = cluster.brokers[1]!;
  const { nodeId } = leaving.node;
  // Nothing but the address of the broker that will leave.
  const kafka = await addressOf(gateway.kafka, nodeId);
  const { step, end } = await startLoads(t, kafka, gateway.kinesis, stream);

  const added = await cluster.add();
  await replaceBroker(gateway.kafka, nodeId, added.node.nodeId);
  await step('a broker joined, and took over all that another had');

  await leaving.stop();
  const unregister = ['unregister', '--bootstrap-server', gateway.kafka, '--id', String(nodeId)];
  await kafkaTool('org.apache.kafka.tools.ClusterTool', unregister);
  await step('that one left for good');
  const newcomers = [
    await kafkajsLoad([kafka], stream, partitions),
    await verifiableProducer(t, kafka, stream),
    await librdkafkaLoad(t, kafka, stream),
  ];
  t.diagnostic(`newcomers at its port began after: ${await untilAllGoOn(newcomers)}`);
  for (const each of newcomers) await each.stop();

  await leaving.again();
  await replaceBroker(gateway.kafka, added.node.nodeId, nodeId);
  await step('it came back, and took over from the one that had joined');
  await end();
});

test('all brokers are restarted one after the other, twice', { timeout }, async (t) => {
  const cluster = await startKafkaCluster(t);
  const gateway = await startGateway(t, {
    settings: { KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap },
  });
  const stream = await createStream(gateway.kinesis, partitions);
  const { step, end } = await startLoads(t, gateway.kafka, gateway.kinesis, stream);
  for (const round of ['first', 'second']) {
    for (const broker of cluster.brokers) {
      await broker.stop();
      await broker.again();
      await untilInSync(gateway.kafka);
      await step(`broker ${broker.node.nodeId} was restarted, ${round} round`);
    }
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
      t.diagnostic(`led by broker ${nodeId} they go on after: ${await untilAllGoOn(loads)}`);
      for (const load of loads) await load.stop();
      const records = kafkaRecords(await kafkaProgram(['all', gateway.kafka, topic]));
      const values = new Set(records.map(({ value }) => value));
      assert.deepEqual([lostOf(loads, values), outOfOrder(records)], [[], []]);
    }
  },
);

type Assignment = { readonly partition: number; readonly replicas: readonly number[] };

/** Every replica that one broker has, of any topic, goes to another; it leads what that led. */
async function replaceBroker(bootstrap: string, from: number, to: number): Promise<void> {
  await reassign(bootstrap, (replicas) =>
    replicas.includes(from) ? replicas.map((each) => (each === from ? to : each)) : undefined,
  );
}

/** The broker becomes the first replica, and the leader, of a topic's partitions. */
async function replaceLeader(bootstrap: string, topic: string, nodeId: number): Promise<void> {
  await untilInSync(bootstrap);
  await reassign(bootstrap, (replicas, name) =>
    name === topic ? [nodeId, ...replicas.filter((each) => each !== nodeId)] : undefined,
  );
}

async function reassign(
  bootstrap: string,
  change: (replicas: readonly number[], topic: string) => readonly number[] | undefined,
): Promise<void> {
  const admin = kafkaClient(bootstrap).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata();
  const changes = topics.flatMap(({ name, partitions: all }) => {
    const partitionAssignment = all.flatMap(({ partitionId, replicas }): Assignment[] => {
      const wanted = change(replicas, name);
      return wanted === undefined ? [] : [{ partition: partitionId, replicas: wanted }];
    });
    return partitionAssignment.length === 0 ? [] : [{ topic: name, partitionAssignment }];
  });
  const mutable = changes.map(({ topic, partitionAssignment }) => ({
    topic,
    partitionAssignment: partitionAssignment.map(({ partition, replicas }) => ({
      partition,
      replicas: [...replicas],
    })),
  }));
  await admin.alterPartitionReassignments({ topics: mutable });
  const asked = changes.map(({ topic, partitionAssignment }) => ({
    topic,
    partitions: partitionAssignment.map(({ partition }) => partition),
  }));
  await untilTrue(
    'partitions to move',
    async () => (await admin.listPartitionReassignments({ topics: asked })).topics.length === 0,
    movingMsMax,
  );
  await admin.disconnect();
  await kafkaTool('org.apache.kafka.tools.LeaderElectionCommand', [
    ...['--bootstrap-server', bootstrap, '--election-type', 'preferred', '--all-topic-partitions'],
  ]);
}

/** Waits until every replica of every partition is in sync. */
async function untilInSync(bootstrap: string): Promise<void> {
  const admin = kafkaClient(bootstrap).admin();
  await admin.connect();
  await untilTrue(
    'replicas in sync',
    async () => {
      const { topics } = await admin.fetchTopicMetadata();
      const all = topics.flatMap((topic) => topic.partitions);
      return all.every(({ replicas, isr }) => isr.length === replicas.length);
    },
    movingMsMax,
  );
  await admin.disconnect();
}
