/**
 * Writers that continue until they are stopped, as their users run them, and remember every value
 * that was acknowledged: what a test must find again, whatever it killed meanwhile.
 */
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import kafkajs from 'kafkajs';
import { python } from '../install.ts';
import { startKafkaTool } from '../kafka-tool.ts';
import { startProgram } from '../program.ts';
import { kinesisClient } from '../doors.ts';
import type { ReadRecord } from '../checks/records.ts';

export type Load = {
  readonly name: string;
  readonly acknowledged: ReadonlySet<string>;
  /** What the client gave up, its own tries over. */
  readonly failed: readonly string[];
  stop(): Promise<void>;
};

const batchRecords = 25;
const progressTimeoutMs = 120_000;
const pollEveryMs = 50;
const paceMs = 20;
/** Of idempotent producers: values under one key stay in the order in which they were sent. */
const keys = 20;

/** Values tell of which load of the process they are. */
let loadCount = 0;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A loop of batches; each is tried by the client itself, as often as it does. */
function loop(
  name: string,
  send: (values: readonly string[]) => Promise<readonly string[]>,
  end: () => Promise<void>,
): Load {
  const acknowledged = new Set<string>();
  const failed: string[] = [];
  const load = loadCount++;
  let stopped = false;
  let next = 0;
  const running = (async () => {
    while (!stopped) {
      const values = Array.from({ length: batchRecords }, () => `${name}-${load}-${next++}`);
      try {
        for (const value of await send(values)) acknowledged.add(value);
      } catch (error) {
        failed.push(String(error));
      }
      await pause(paceMs);
    }
    await end();
  })();
  return {
    name,
    acknowledged,
    failed,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/**
 * kafkajs counts as acknowledged what its answer names. Its send() may resolve although records
 * were not written: a broker that answered is not asked again when it takes over a partition of
 * one that did not (kafkajs 2.2.4, with and without a gateway). So records are put in partitions
 * by number, and those of partitions that the answer leaves out are not counted.
 */
export async function kafkajsLoad(
  bootstrap: readonly string[],
  topic: string,
  partitions: number,
): Promise<Load> {
  const kafka = new kafkajs.Kafka({
    brokers: [...bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 12, maxRetryTime: 2_000 },
  });
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return loop(
    'kafkajs',
    async (values) => {
      const messages = values.map((value, index) => ({ value, partition: index % partitions }));
      const answer = await producer.send({ topic, messages, acks: -1, timeout: 10_000 });
      const written = new Set(answer.map(({ partition }) => partition));
      return values.filter((_, index) => written.has(index % partitions));
    },
    () => producer.disconnect(),
  );
}

/** The endpoints are used in turn when one fails, as a load balancer's would. */
export function kinesisLoad(endpoints: readonly string[], StreamName: string): Load {
  const clients = endpoints.map(kinesisClient);
  let turn = 0;
  return loop(
    'kinesis',
    async (values) => {
      const Records = values.map((value) => ({ PartitionKey: value, Data: Buffer.from(value) }));
      const client = clients[turn % clients.length]!;
      try {
        const answer = await client.send(new PutRecordsCommand({ StreamName, Records }));
        const results = answer.Records ?? [];
        return values.filter((_, index) => results[index]?.SequenceNumber !== undefined);
      } catch (error) {
        turn++;
        throw error;
      }
    },
    async () => {
      for (const client of clients) client.destroy();
    },
  );
}

const sentAfterClose = 'Cannot perform operation after producer has been closed';

/** Kafka's own VerifiableProducer, with the retries that the Java producer has by default. */
export async function verifiableProducer(
  t: TestContext,
  bootstrap: string,
  topic: string,
  config: Readonly<Record<string, string>> = {},
): Promise<Load> {
  const file = join(tmpdir(), `kineska-verifiable-${process.pid}-${Date.now()}.properties`);
  const all = { retries: '2147483647', ...config };
  await writeFile(
    file,
    Object.entries(all)
      .map((pair) => pair.join('='))
      .join('\n'),
  );
  const child = await startKafkaTool(t, 'org.apache.kafka.tools.VerifiableProducer', [
    ...['--bootstrap-server', bootstrap, '--topic', topic, '--throughput', '300'],
    ...['--value-prefix', String(loadCount++), '--repeating-keys', String(keys)],
    ...['--command-config', file],
  ]);
  const acknowledged = new Set<string>();
  const failed: string[] = [];
  let said = '';
  let isStopped = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const event = JSON.parse(line) as { name: string; value?: string; message?: string };
    if (event.name === 'producer_send_success') acknowledged.add(event.value!);
    // Its main thread may still send while it is stopped: those records were never taken.
    const isOfStop = isStopped && event.message === sentAfterClose;
    if (event.name === 'producer_send_error' && !isOfStop) failed.push(event.message ?? '');
  });
  const exited = once(child, 'exit');
  void exited.then(() => failed.push(...(acknowledged.size === 0 ? [said] : [])));
  return {
    name: 'VerifiableProducer',
    acknowledged,
    failed,
    async stop() {
      isStopped = true;
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** librdkafka's idempotent producer, through confluent-kafka-python. */
export async function librdkafkaLoad(
  t: TestContext,
  bootstrap: string,
  topic: string,
): Promise<Load> {
  const given = [bootstrap, topic, String(loadCount++), String(keys)];
  const program = startProgram(t, [await python(), 'test/clients/python/load.py', ...given], {
    endsWithInput: true,
  });
  const acknowledged = new Set<string>();
  const failed: string[] = [];
  const drained = once(program.child.stdout!, 'end');
  createInterface({ input: program.child.stdout! }).on('line', (line) => {
    const said = JSON.parse(line) as { acknowledged?: string; failed?: string };
    if (said.acknowledged === undefined) failed.push(said.failed ?? line);
    else acknowledged.add(said.acknowledged);
  });
  return {
    name: 'librdkafka',
    acknowledged,
    failed,
    async stop() {
      await program.stop();
      await drained;
    },
  };
}

/**
 * Waits until each of the loads had records acknowledged that it did not have before. Answers how
 * many ms each of them took, as text.
 */
export async function untilAllGoOn(loads: readonly Load[], more = 200): Promise<string> {
  const before = loads.map(({ acknowledged }) => acknowledged.size);
  const startedAtMs = Date.now();
  const tookMs = new Map<Load, number>();
  for (;;) {
    const nowMs = Date.now();
    for (const [index, load] of loads.entries()) {
      const goesOn = load.acknowledged.size >= before[index]! + more;
      if (goesOn && !tookMs.has(load)) tookMs.set(load, nowMs - startedAtMs);
    }
    if (tookMs.size === loads.length) break;
    if (nowMs > startedAtMs + progressTimeoutMs) {
      const stuck = loads.filter((load) => !tookMs.has(load));
      const told = stuck.map(({ name, failed }) => `${name}: ${failed.slice(-3).join('; ')}`);
      throw new Error(`these do not continue: ${told.join('\n')}`);
    }
    await pause(pollEveryMs);
  }
  return loads.map((load) => `${load.name} ${tookMs.get(load)} ms`).join(', ');
}

/** Every value of a stream, through the Kinesis door, to the tip of every shard. */
export async function valuesOf(endpoint: string, StreamName: string): Promise<Set<string>> {
  const client = kinesisClient(endpoint);
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  const values = new Set<string>();
  await Promise.all(Shards.map(({ ShardId }) => readShard(client, StreamName, ShardId!, values)));
  client.destroy();
  return values;
}

async function readShard(
  client: KinesisClient,
  StreamName: string,
  ShardId: string,
  values: Set<string>,
): Promise<void> {
  const first = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
  let { ShardIterator } = await client.send(new GetShardIteratorCommand(first));
  for (;;) {
    const answer = await client.send(new GetRecordsCommand({ ShardIterator }));
    for (const { Data } of answer.Records ?? []) values.add(Buffer.from(Data!).toString());
    if (answer.Records?.length === 0 && answer.MillisBehindLatest === 0) return;
    ShardIterator = answer.NextShardIterator;
  }
}

/**
 * Records of the idempotent producers, in the order of their partitions, that are there twice, or
 * behind one of the same key that was sent later.
 */
export function outOfOrder(records: readonly ReadRecord[]): readonly string[] {
  const lastOf = new Map<string, { readonly number: number; readonly at: string }>();
  return records.flatMap(({ key, value, place, position }) => {
    const [, load, number] = /^(\d+)\.(\d+)$/.exec(value) ?? [];
    if (load === undefined) return [];
    const ofKey = `${load} ${key}`;
    const at = `${place}:${position}`;
    const before = lastOf.get(ofKey);
    lastOf.set(ofKey, { number: Number(number), at });
    if (before === undefined || Number(number) > before.number) return [];
    return [`${value} of key ${key} at ${at} behind ${before.number} at ${before.at}`];
  });
}

/** The acknowledged values that are not there. */
export function lostOf(loads: readonly Load[], values: ReadonlySet<string>): readonly string[] {
  return loads.flatMap(({ acknowledged }) => [...acknowledged].filter((each) => !values.has(each)));
}
