/**
 * Clients that produce with acks=0, flush and close: what they have sent is written, through the
 * gateway as directly, on topics and on streams.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import kafkajs from 'kafkajs';
import { createKafkaTopic } from '../support/both-ways.ts';
import { createStream, kafkaClient } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { withAdmin } from '../support/groups.ts';
import { installClients, python, run } from '../support/install.ts';
import { untilTrue } from '../support/until.ts';

const [{ kafkaBootstrap }] = await Promise.all([sharedEngines(), installClients()]);

const timeout = 200_000;
const rounds = 20;
const records = 3;
const bytes = 10;
const program = 'test/clients/python/closing.py';

type Client = (bootstrap: string, topic: string) => Promise<unknown>;

const byPython =
  (name: string): Client =>
  async (bootstrap, topic) =>
    run(await python(), [program, name, bootstrap, topic, ...[rounds, records, bytes].map(String)]);

const clients: Readonly<Record<string, Client>> = {
  'kafka-python': byPython('kafka-python'),
  librdkafka: byPython('librdkafka'),
  aiokafka: byPython('aiokafka'),
  async kafkajs(bootstrap, topic) {
    const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
    const messages = Array.from({ length: records }, () => ({ value: Buffer.alloc(bytes) }));
    for (let round = 0; round < rounds; round++) {
      const producer = kafkaClient(bootstrap).producer({ createPartitioner });
      await producer.connect();
      await producer.send({ topic, acks: 0, messages });
      await producer.disconnect();
    }
  },
};

/** The cluster itself is asked how many there are. */
async function assertWritten(topic: string, count: number, waitMsMax?: number): Promise<void> {
  let written = 0;
  await withAdmin(kafkaBootstrap, (admin) =>
    untilTrue(
      `${count} records`,
      async () => {
        const offsets = await admin.fetchTopicOffsets(topic);
        written = offsets.reduce((sum, { high }) => sum + Number(high), 0);
        return written >= count;
      },
      waitMsMax,
    ),
  ).catch((cause: unknown) => {
    throw new Error(`${written} of ${count} records were written`, { cause });
  });
  assert.equal(written, count);
}

/** A broker names itself a leader a moment before it takes records. */
async function untilServed(topic: string): Promise<void> {
  await withAdmin(kafkaBootstrap, (admin) =>
    untilTrue(`${topic} to be served`, () =>
      admin.fetchTopicOffsets(topic).then(
        () => true,
        () => false,
      ),
    ),
  );
}

type Place = {
  readonly bootstrap: string;
  readonly topics: Readonly<Record<string, () => Promise<string>>>;
};

async function gatewayPlace(t: TestContext, settings: Readonly<Record<string, string>>) {
  const { kafka, kinesis } = await startGateway(t, { settings });
  const topics = {
    'a topic': () => createKafkaTopic(kafkaBootstrap),
    'a stream': () => createStream(kinesis, 4),
  };
  return { bootstrap: kafka, topics };
}

const places: Readonly<Record<string, (t: TestContext) => Promise<Place>>> = {
  'the cluster itself': async () => ({
    bootstrap: kafkaBootstrap,
    topics: { 'a topic': () => createKafkaTopic(kafkaBootstrap) },
  }),
  'the gateway': (t) => gatewayPlace(t, {}),
  'a gateway of two workers': (t) => gatewayPlace(t, { KINESKA_WORKERS: '2' }),
};

for (const [place, open] of Object.entries(places)) {
  test(
    `producers with acks=0 that close at once lose nothing: ${place}`,
    { timeout },
    async (t) => {
      const { bootstrap, topics } = await open(t);
      for (const [name, produce] of Object.entries(clients)) {
        for (const [kind, create] of Object.entries(topics)) {
          await t.test(`${name}, ${kind}`, async () => {
            const topic = await create();
            await untilServed(topic);
            await produce(bootstrap, topic);
            await assertWritten(topic, rounds * records);
          });
        }
      }
    },
  );
}

test(
  'over the rate of a shard, what was sent before the client closed is written',
  { timeout },
  async (t) => {
    const gateway = await startGateway(t, { settings: { KINESKA_LIMITS: 'aws' } });
    const stream = await createStream(gateway.kinesis, 1);
    const count = 4_000;
    await untilServed(stream);
    const given = [gateway.kafka, stream, 1, count, 3_000].map(String);
    await run(await python(), [program, 'kafka-python', ...given]);
    await assertWritten(stream, count, 60_000);
  },
);
