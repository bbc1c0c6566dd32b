/**
 * Kafka producers continue, at full speed and without an error, while the stream that they write to
 * is resharded: what is acknowledged is in the open shards, once, in order per key along the
 * lineage.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { franzGo, installClients, kafkaProgram, python, run } from '../support/install.ts';
import { doorAt } from '../support/gateways.ts';
import { createStream, kafkaClient } from '../support/doors.ts';
import { produceByKafkajs } from '../support/programs/kafkajs.ts';
import { assertInLineage, type LineageRecord, readShards } from '../support/checks/lineage.ts';
import { reshardUntil } from '../support/resharding.ts';

const [{ kafkaBootstrap }] = await Promise.all([sharedEngines(), installClients()]);

const timeout = 180_000;
const kafkaPython = 'test/clients/python/kafka_client.py';

type Producer = {
  /** So many that shards close while it writes them. */
  readonly count: number;
  produce(kafka: string, topic: string, count: number): Promise<unknown>;
};

const producers: Readonly<Record<string, Producer>> = {
  'kafka-clients, idempotent': {
    count: 600_000,
    produce: (kafka, topic, count) => kafkaProgram(['produce', kafka, topic, String(count), 'lz4']),
  },
  'confluent-kafka-python': {
    count: 600_000,
    produce: async (kafka, topic, count) =>
      run(await python(), [kafkaPython, 'produce', kafka, topic, String(count), 'lz4']),
  },
  'franz-go, idempotent': {
    count: 1_500_000,
    produce: async (kafka, topic, count) =>
      run(await franzGo(), ['produce', kafka, topic, String(count), 'lz4']),
  },
  kafkajs: { count: 400_000, produce: produceByKafkajs },
};

/** Writes through one gateway, reshards through another, reads what is there. */
async function overReshardings(t: TestContext, { count, produce }: Producer, workers = 1) {
  const settings = { KINESKA_WORKERS: String(workers) };
  const [gateway, other] = [await startGateway(t, { settings }), await startGateway(t)];
  const topic = await createStream(gateway.kinesis, 2);
  const door = doorAt(other.kinesis);
  const rounds = await reshardUntil(door, topic, produce(gateway.kafka, topic, count));
  const records = await readShards(door, topic);
  const moved = records.filter(({ shard }) => shard > 1).length;
  t.diagnostic(`${rounds} reshardings, ${moved} of ${count} records placed elsewhere`);
  assert.ok(moved > 0, 'the records were written before a shard closed');
  assertInLineage(records, count);
  return { topic, records };
}

/** Only a gateway that is held up for a second can write behind the end of a shard. */
async function behindEnds(topic: string, records: readonly LineageRecord[]): Promise<number> {
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  const written = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return written.reduce((sum, { high }) => sum + Number(high), 0) - records.length;
}

for (const [name, producer] of Object.entries(producers)) {
  const what = 'nothing is lost, repeated or out of order over reshardings';
  test(`${name}: ${what}`, { timeout }, async (t) => {
    const { topic, records } = await overReshardings(t, producer);
    t.diagnostic(`${await behindEnds(topic, records)} records lie behind the end of a shard`);
  });
}

const transactional: Readonly<Record<string, Producer>> = {
  'kafka-clients': {
    count: 300_000,
    produce: (kafka, topic, count) => kafkaProgram(['transactions', kafka, topic, String(count)]),
  },
  'confluent-kafka-python': {
    count: 300_000,
    produce: async (kafka, topic, count) =>
      run(await python(), [kafkaPython, 'transactions', kafka, topic, String(count)]),
  },
  'franz-go': {
    count: 700_000,
    produce: async (kafka, topic, count) =>
      run(await franzGo(), ['transactions', kafka, topic, String(count)]),
  },
};

for (const [name, producer] of Object.entries(transactional)) {
  const what = 'a transaction is aborted, another committed, whole, over reshardings';
  for (const workers of [1, 2]) {
    test(`${name}: ${what}, workers: ${workers}`, { timeout }, async (t) => {
      await overReshardings(t, producer, workers);
    });
  }
}
