/** Further Kafka clients, each doing the same directly with the cluster and through the gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installClients, kafkaGo, python, run } from '../support/install.ts';
import { sharedEngines } from '../support/engines.ts';
import { bothWays, type Way } from '../support/both-ways.ts';
import { assertAllOnce, kafkaRecords } from '../support/checks/records.ts';

await Promise.all([sharedEngines(), installClients()]);

const count = 2_000;
const many = String(count);
const program = 'test/clients/python/further_kafka_clients.py';

type Client = {
  readonly name: string;
  /** Compressions that it has without further packages. */
  readonly codecs: readonly string[];
  readonly transacts: boolean;
  /** Runs a command of its program; answers what it printed. */
  does(...given: string[]): Promise<string>;
};

const byPython = (name: string): Client => ({
  name,
  codecs: ['none', 'gzip'],
  transacts: true,
  does: async (...given) => run(await python(), [program, name, ...given]),
});

const clients: readonly Client[] = [
  byPython('aiokafka'),
  byPython('kafka-python'),
  {
    name: 'segmentio/kafka-go',
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    transacts: false,
    does: async (...given) => run(await kafkaGo(), given),
  },
];

async function writesAndReads({ does, codecs }: Client, { kafka, createTopic }: Way) {
  const topic = await createTopic();
  await does('produce', kafka, topic, many, codecs.join());
  const copies = codecs.length;
  const all = String(count * copies);
  const first = kafkaRecords(await does('consume', kafka, topic, all));
  assertAllOnce(first, count, copies);
  await does('produce', kafka, topic, many, 'none');
  const next = kafkaRecords(await does('consume', kafka, topic, many));
  assertAllOnce(next, count);
  const places = [...first, ...next].map(({ place, position }) => `${place}:${position}`);
  assert.equal(new Set(places).size, places.length, 'it read some again');
}

async function sharesPartitions({ does, name, codecs }: Client, { kafka, createTopic }: Way) {
  const topic = await createTopic();
  if (name !== 'segmentio/kafka-go') return void (await does('members', kafka, topic));
  await does('produce', kafka, topic, many, codecs[0]!);
  const read = kafkaRecords(await does('members', kafka, topic, many));
  assert.equal(new Set(read.map(({ value }) => value)).size, count);
}

async function transacts({ does }: Client, { kafka, createTopic }: Way) {
  const topic = await createTopic();
  await does('transactions', kafka, topic, many);
  assertAllOnce(kafkaRecords(await does('consume', kafka, topic, many)), count);
}

for (const client of clients) {
  test(`${client.name} does through the gateway what it does with the cluster`, async (t) => {
    for (const way of await bothWays(t)) {
      await t.test(`writes by every codec, reads, resumes: ${way.name}`, () =>
        writesAndReads(client, way),
      );
      await t.test(`members share a group: ${way.name}`, () => sharesPartitions(client, way));
      if (!client.transacts) continue;
      await t.test(`transactions: ${way.name}`, () => transacts(client, way));
    }
  });
}
