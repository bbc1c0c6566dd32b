/** The gateway is killed and started again under running clients, which carry on by themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { untilTrue } from '../support/until.ts';
import { startGateway } from '../support/gateway.ts';
import { franzGo, installClients, kafkaProgram, python, run } from '../support/install.ts';
import { createStream, kafkaClient } from '../support/doors.ts';
import { consumeByKafkajs, produceByKafkajs } from '../support/programs/kafkajs.ts';
import { assertAllOnce, kafkaRecords, type ReadRecord } from '../support/checks/records.ts';

const [engines] = await Promise.all([sharedEngines(), installClients()]);

/** So many that the kill, which comes at the first that is stored, is in the middle of them. */
const count = 200_000;
const many = String(count);
const timeout = 120_000;
const kafkaPython = 'test/clients/python/kafka_client.py';

type Client = {
  /** After a lost connection it reads again from what it committed last. */
  readonly readsTwice?: boolean;
  produce(kafka: string, topic: string): Promise<unknown>;
  consume(kafka: string, topic: string): Promise<ReadRecord[]>;
};

const clients: Readonly<Record<string, Client>> = {
  'kafka-clients': {
    produce: (kafka, topic) => kafkaProgram(['produce', kafka, topic, many, 'lz4']),
    consume: async (kafka, topic) =>
      kafkaRecords(await kafkaProgram(['consume', kafka, topic, many, 'consumer'])),
  },
  'confluent-kafka-python': {
    produce: async (kafka, topic) =>
      run(await python(), [kafkaPython, 'produce', kafka, topic, many, 'lz4']),
    consume: async (kafka, topic) =>
      kafkaRecords(
        await run(await python(), [kafkaPython, 'consume', kafka, topic, many, 'classic']),
      ),
  },
  'franz-go': {
    produce: async (kafka, topic) => run(await franzGo(), ['produce', kafka, topic, many, 'lz4']),
    consume: async (kafka, topic) =>
      kafkaRecords(await run(await franzGo(), ['consume', kafka, topic, many])),
  },
  kafkajs: {
    readsTwice: true,
    produce: (kafka, topic) => produceByKafkajs(kafka, topic, count),
    consume: (kafka, topic) => consumeByKafkajs(kafka, topic, count),
  },
};

/** Records of the topic, as the cluster itself tells. */
async function stored(topic: string): Promise<number> {
  const admin = kafkaClient(engines.kafkaBootstrap).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

for (const [name, { produce, consume, readsTwice = false }] of Object.entries(clients)) {
  const does = readsTwice ? 'writes' : 'writes and reads';
  test(`${name} ${does} every record once over a kill of the gateway`, { timeout }, async (t) => {
    const gateway = await startGateway(t);
    const { kafka } = gateway;
    const topic = await createStream(gateway.kinesis);
    const reading = readsTwice ? undefined : consume(kafka, topic);
    const writing = produce(kafka, topic);
    const hasBegun = async () => (await stored(topic)) > 0;
    await Promise.race([writing, untilTrue('the first records', hasBegun)]);
    await gateway.kill9();
    const before = await stored(topic);
    t.diagnostic(`killed at ${before} of ${count} records`);
    assert.ok(before < count, 'the kill came too late');
    await gateway.again();
    await writing;
    assertAllOnce(await (reading ?? consume(kafka, topic)), count);
  });
}
