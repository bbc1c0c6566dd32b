/**
 * Kafka clients against streams with the rates of Kinesis: they slow down by themselves, nothing
 * fails, no connection is lost, and a shard has one budget for both doors.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { sharedEngines } from '../support/engines.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { franzGo, installClients, kafkaProgram, kcat, python, run } from '../support/install.ts';
import { createStream, kinesisClient } from '../support/doors.ts';
import { consumeByKafkajs, produceByKafkajs } from '../support/programs/kafkajs.ts';
import { assertAllOnce, kafkaRecords } from '../support/checks/records.ts';

const timeout = 600_000;
const program = 'test/clients/python/limited.py';
const runOptions = { timeoutMs: 240_000 };
/** What a connection of one client may come to: one for each broker, group and bootstrap. */
const connectionsMax = 12;
const recordsPerSecond = 1_000;
const batchRecords = 500;
const mib = 1024 * 1024;

await Promise.all([sharedEngines(), installClients()]);

type Seen = {
  readonly errors: readonly string[];
  readonly failed: readonly string[];
  /** Answers that told the client to wait. */
  readonly waits: number;
  readonly seconds: number;
};
type Produced = Seen & { readonly acknowledged: number };
type Consumed = Seen & { readonly inOrder: boolean; readonly revoked: number };

async function librdkafka<T extends Seen>(...given: readonly (string | number)[]): Promise<T> {
  const output = await run(await python(), [program, ...given.map(String)], runOptions);
  return JSON.parse(output) as T;
}

async function metricOf({ operations }: Gateway, series: string): Promise<number> {
  const text = await (await fetch(`${operations}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.split(' ')[1] ?? 0);
}

const throttled = (gateway: Gateway, operation: string) =>
  metricOf(
    gateway,
    `kineska_throttled_total{service="kafka",operation="${operation}",owner="provisioned"}`,
  );

/** Every connection begins with one. */
const connectionsSoFar = (gateway: Gateway) =>
  metricOf(
    gateway,
    'kineska_request_duration_seconds_count{door="kafka",service="kafka",operation="ApiVersions"}',
  );

test('librdkafka keeps to the rates of shards', { timeout }, async (t) => {
  const gateway = await startGateway(t, { settings: { KINESKA_LIMITS: 'aws' } });
  const { kafka, kinesis } = gateway;
  const connected = async (what: () => Promise<void>) => {
    const before = await connectionsSoFar(gateway);
    await what();
    const opened = (await connectionsSoFar(gateway)) - before;
    assert.ok(opened > 0 && opened <= connectionsMax, `${opened} connections`);
  };

  await t.test('1,000 records a second', async (s) => {
    const stream = await createStream(kinesis, 1);
    const count = 8_000;
    await connected(async () => {
      const seen = await librdkafka<Produced>('produce', kafka, stream, count, 10, batchRecords);
      assert.deepEqual([seen.acknowledged, seen.failed, seen.errors], [count, [], []]);
      s.diagnostic(`${seen.seconds} s, ${seen.waits} waits`);
      assert.ok(seen.waits > 0, 'it was told to wait');
      // Except for one second's worth in advance, and a batch of deficit.
      const least = (count - recordsPerSecond - 2 * batchRecords) / recordsPerSecond;
      assert.ok(seen.seconds > least, `${seen.seconds} s`);
    });
  });

  await t.test('1 MiB written, and 2 MiB read, a second', async (s) => {
    const stream = await createStream(kinesis, 1);
    const count = 48;
    const bytes = mib / 4;
    await connected(async () => {
      const seen = await librdkafka<Produced>('produce', kafka, stream, count, bytes, 1);
      assert.deepEqual([seen.acknowledged, seen.failed, seen.errors], [count, [], []]);
      s.diagnostic(`written in ${seen.seconds} s, ${seen.waits} waits`);
      assert.ok(seen.waits > 0, 'it was told to wait');
      assert.ok(seen.seconds > (count * bytes) / mib - 2, `${seen.seconds} s`);
    });
    await connected(async () => {
      const seen = await librdkafka<Consumed>('consume', kafka, stream, count);
      s.diagnostic(`read in ${seen.seconds} s, ${seen.waits} waits`);
      assert.deepEqual([seen.inOrder, seen.failed, seen.errors, seen.revoked], [true, [], [], 0]);
      assert.ok(seen.waits > 0, 'it was told to wait');
      // It is given 1 MiB at a time.
      assert.ok(seen.seconds > ((count * bytes) / mib - 2 - 2) / 2, `${seen.seconds} s`);
    });
  });

  await t.test('shared with PutRecords at the same time', async (s) => {
    const stream = await createStream(kinesis, 1);
    const count = 8_000;
    const startedAtMs = performance.now();
    const puts = putUntil(kinesis, stream);
    const seen = await librdkafka<Produced>('produce', kafka, stream, count, 10, batchRecords);
    const { written, refused } = await puts.stop();
    const seconds = (performance.now() - startedAtMs) / 1_000;
    s.diagnostic(`${seconds} s: ${count} by Kafka, ${written} by Kinesis, ${refused} refused`);
    assert.deepEqual([seen.acknowledged, seen.failed, seen.errors], [count, [], []]);
    assert.ok(refused > 0, 'Kinesis clients are refused what Kafka clients have used');
    assert.ok(written > 0, 'and get a part of it');
    const most = recordsPerSecond * (1 + seconds) + 2 * batchRecords;
    assert.ok(count + written <= most, `${count + written} records in ${seconds} s`);
  });

  const kcatRun = await kcat();
  await t.test('kcat', async () => {
    assert.ok(kcatRun, 'kcat is needed: install it');
    const stream = await createStream(kinesis, 1);
    const before = await throttled(gateway, 'Produce');
    const lines = Array.from({ length: 6_000 }, (_, n) => `line-${n}`);
    const input = `${lines.join('\n')}\n`;
    const batches = ['-X', `batch.num.messages=${batchRecords}`];
    await connected(async () => {
      const options = { ...runOptions, input };
      await kcatRun(['-b', kafka, '-P', '-t', stream, '-p', '0', ...batches], options);
    });
    assert.ok((await throttled(gateway, 'Produce')) > before);
    const read = await kcatRun(['-b', kafka, '-C', '-t', stream, '-e', '-q'], runOptions);
    assert.deepEqual(read.trimEnd().split('\n'), lines);
  });
});

/** A client of the Kinesis door that puts small batches, and again what was refused. */
function putUntil(endpoint: string, StreamName: string) {
  const client = kinesisClient(endpoint);
  const counts = { written: 0, refused: 0 };
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      const Records = Array.from({ length: 10 }, (_, n) => ({
        PartitionKey: String(n),
        Data: Buffer.from('by Kinesis'),
      }));
      const { FailedRecordCount = 0 } = await client.send(
        new PutRecordsCommand({ StreamName, Records }),
      );
      counts.refused += FailedRecordCount;
      counts.written += Records.length - FailedRecordCount;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.destroy();
  })();
  return {
    async stop() {
      isOver = true;
      await running;
      return counts;
    },
  };
}

type Client = {
  readonly name: string;
  produce(kafka: string, topic: string, count: number): Promise<unknown>;
  consume(kafka: string, topic: string, count: number): ReturnType<typeof consumeByKafkajs>;
};

const byProgram = (
  name: string,
  does: (given: readonly string[]) => Promise<string>,
  ...group: readonly string[]
): Client => ({
  name,
  produce: (kafka, topic, count) => does(['produce', kafka, topic, String(count), 'none']),
  consume: async (kafka, topic, count) =>
    kafkaRecords(await does(['consume', kafka, topic, String(count), ...group])),
});

const clients: readonly Client[] = [
  byProgram('kafka-clients', (given) => kafkaProgram(given, runOptions), 'consumer'),
  byProgram('franz-go', async (given) => run(await franzGo(), given, runOptions)),
  { name: 'kafkajs', produce: produceByKafkajs, consume: consumeByKafkajs },
];

test('further clients keep to the rates of shards', { timeout }, async (t) => {
  const gateway = await startGateway(t, { settings: { KINESKA_LIMITS: 'aws' } });
  const count = 12_000;
  for (const { name, produce, consume } of clients) {
    await t.test(name, async () => {
      const stream = await createStream(gateway.kinesis, 1);
      const before = await throttled(gateway, 'Produce');
      const connectionsBefore = await connectionsSoFar(gateway);
      await produce(gateway.kafka, stream, count);
      assert.ok((await throttled(gateway, 'Produce')) > before, 'it was told to wait');
      assertAllOnce(await consume(gateway.kafka, stream, count), count);
      const opened = (await connectionsSoFar(gateway)) - connectionsBefore;
      assert.ok(opened > 0 && opened <= 2 * connectionsMax, `${opened} connections`);
    });
  }
});
