/** Copying in many transactions, offsets among them, while the gateway is killed, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { untilTrue } from '../support/until.ts';
import { startGateway } from '../support/gateway.ts';
import { franzGo, installClients, kafkaProgram, python, run } from '../support/install.ts';
import { createStream, kafkaClient } from '../support/doors.ts';
import { assertAllOnce, kafkaRecords } from '../support/checks/records.ts';

const [{ kafkaBootstrap }] = await Promise.all([sharedEngines(), installClients()]);

const count = 20_000;
const many = String(count);
const timeout = 180_000;
const kafkaPython = 'test/clients/python/kafka_client.py';

type Copy = (kafka: string, source: string, target: string) => Promise<unknown>;

const clients: Readonly<Record<string, Copy>> = {
  'kafka-clients': (kafka, source, target) => kafkaProgram(['copy', kafka, source, many, target]),
  'confluent-kafka-python': async (kafka, source, target) =>
    run(await python(), [kafkaPython, 'copy', kafka, source, many, target]),
  'franz-go': async (kafka, source, target) =>
    run(await franzGo(), ['copy', kafka, source, many, target]),
};

/** Records of a topic in the log, markers of transactions among them, as the cluster tells. */
async function logged(topic: string): Promise<number> {
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

for (const [name, copy] of Object.entries(clients)) {
  test(`${name} copies each record once over a kill of the gateway`, { timeout }, async (t) => {
    const gateway = await startGateway(t);
    const { kafka, kinesis } = gateway;
    const [source, target] = [await createStream(kinesis), await createStream(kinesis)];
    await kafkaProgram(['produce', kafka, source, many, 'lz4']);
    const copying = copy(kafka, source, target);
    const hasBegun = async () => (await logged(target)) > 0;
    await Promise.race([copying, untilTrue('the first records', hasBegun)]);
    await gateway.kill9();
    const before = await logged(target);
    t.diagnostic(`killed at ${before} of ${count} records`);
    assert.ok(before < count, 'the kill came too late');
    await gateway.again();
    await copying;
    assertAllOnce(kafkaRecords(await kafkaProgram(['all', kafka, target])), count);
  });
}
