/**
 * A KCL application and the consumer group of its name are one: stop one, start the other, and it
 * goes on at exactly the next record, both ways.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { franzGo, installClients, kafkaProgram, python, run } from '../support/install.ts';
import { createStream, kinesisClient } from './doors.ts';
import { KclApplication, type KclKind, putNumbered } from './kcl.ts';
import { consumeByKafkajs } from './kafkajs.ts';
import { kafkaRecords, type ReadRecord } from './records.ts';

await Promise.all([sharedEngines(), installClients()]);

const kafkaPython = 'test/clients/python/kafka_client.py';
const timeout = 600_000;

/** Reads `count` records with the group that this client has for the topic. */
type Client = {
  readonly name: string;
  readonly groupOf: (topic: string) => string;
  read(gateway: Gateway, topic: string, count: number): Promise<readonly ReadRecord[]>;
};

const clients: readonly Client[] = [
  {
    name: 'kafkajs',
    groupOf: (topic) => `kafkajs-${topic}`,
    read: ({ kafka }, topic, count) => consumeByKafkajs(kafka, topic, count),
  },
  {
    name: 'franz-go',
    groupOf: (topic) => `franz-${topic}`,
    read: async ({ kafka }, topic, count) =>
      kafkaRecords(await run(await franzGo(), ['consume', kafka, topic, String(count)])),
  },
  ...['classic', 'consumer'].flatMap((protocol): Client[] => [
    {
      name: `kafka-clients, group protocol ${protocol}`,
      groupOf: (topic) => `java-${protocol}-${topic}`,
      read: async ({ kafka }, topic, count) =>
        kafkaRecords(await kafkaProgram(['consume', kafka, topic, String(count), protocol])),
    },
    {
      name: `confluent-kafka-python, group protocol ${protocol}`,
      groupOf: (topic) => `python-${protocol}-${topic}`,
      async read({ kafka }, topic, count) {
        const given = [kafkaPython, 'consume', kafka, topic, String(count), protocol];
        return kafkaRecords(await run(await python(), given));
      },
    },
  ]),
];

const kinds: readonly KclKind[] = [
  { program: 'kcl3', mode: 'polling', scheme: 'http' },
  { program: 'kcl2', mode: 'polling', scheme: 'https' },
];

const countEach = 4_000;
const countBack = 400;

async function thereAndBack(t: TestContext, gateway: Gateway, client: Client, kind: KclKind) {
  const kinesis = kinesisClient(gateway.kinesis);
  const stream = await createStream(gateway.kinesis, 4);
  const group = client.groupOf(stream);
  const application = await KclApplication.over(t, gateway, stream, kind, group);
  await putNumbered(kinesis, stream, 0, countEach / 2);
  const first = application.startWorker();
  await application.untilSeen(countEach / 2);
  // Some of these KCL still reads, some it leaves behind.
  const putting = putNumbered(kinesis, stream, countEach / 2, countEach - countBack);
  await first.stop();
  await putting;
  await putNumbered(kinesis, stream, countEach - countBack, countEach);
  const half = application.records.length;
  const rest = await client.read(gateway, stream, countEach - half);
  assertEachOnce(
    valuesOf(application),
    rest.map(({ value }) => value),
    countEach,
  );
  // And back: what comes now is KCL's again.
  await putNumbered(kinesis, stream, countEach, countEach + countBack);
  application.startWorker();
  await application.untilSeen(half + countBack);
  await application.stop();
  const back = valuesOf(application).slice(half);
  const expected = Array.from({ length: countBack }, (_, n) => `record-${countEach + n}`);
  assert.deepEqual(back.toSorted(), expected.toSorted());
  kinesis.destroy();
}

function valuesOf(application: KclApplication): string[] {
  return application.records.map(({ value }) => Buffer.from(value, 'base64').toString('utf8'));
}

function assertEachOnce(kcl: readonly string[], kafka: readonly string[], count: number): void {
  const expected = Array.from({ length: count }, (_, n) => `record-${n}`);
  assert.deepEqual([...kcl, ...kafka].toSorted(), expected.toSorted());
}

// Workers mostly wait, so they run beside each other.
const besideEachOther = { timeout, concurrency: true };

test('KCL stops, a Kafka group goes on, and KCL goes on after it', besideEachOther, async (t) => {
  const gateway = await startGateway(t, { settings: { KINESKA_LIMITS: 'off' } });
  const pairs = clients.map((client, index) => [client, kinds[index % kinds.length]!] as const);
  await Promise.all(
    pairs.map(([client, kind]) =>
      t.test(`${client.name} and ${kind.program}`, { timeout }, (inner) =>
        thereAndBack(inner, gateway, client, kind),
      ),
    ),
  );
});

test('a Kafka group begins, and a KCL application of its name goes on', { timeout }, async (t) => {
  const gateway = await startGateway(t, { settings: { KINESKA_LIMITS: 'off' } });
  const kinesis = kinesisClient(gateway.kinesis);
  for (const kind of kinds) {
    await t.test(kind.program, { timeout }, async (inner) => {
      const stream = await createStream(gateway.kinesis, 4);
      await putNumbered(kinesis, stream, 0, countEach);
      const half = await consumeByKafkajs(gateway.kafka, stream, countEach);
      await putNumbered(kinesis, stream, countEach, countEach + countBack);
      const name = `kafkajs-${stream}`;
      const application = await KclApplication.over(inner, gateway, stream, kind, name);
      application.startWorker();
      await application.untilSeen(countBack);
      await application.stop();
      const values = half.map(({ value }) => value);
      assertEachOnce(values, valuesOf(application), countEach + countBack);
    });
  }
  kinesis.destroy();
});
