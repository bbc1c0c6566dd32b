/**
 * The Kafka door beside the same cluster directly, and beside a plain TCP hop, by Kafka's own
 * performance tools; rounds are interleaved, and medians compared. Run alone:
 * `node --import tsx test/bench/kafka.ts [rounds]`, after `npm run build`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from '../../adapters/engines/free-port.ts';
import { startTestEngines } from '../support/engines.ts';
import { kafkaTool } from '../support/install.ts';

const recordBytes = 1024;
const throughputRecords = 600_000;
const consumeRecords = 1_500_000;
const latencyRecords = 26_000;
/** A client's first seconds, in which its own code is compiled, are not the door's. */
const latencyWarmUpRecords = 6_000;
const latencyRate = 2_000;
const warmUpRecords = 500_000;
const partitions = 4;

export type Row = { readonly name: string; readonly values: Readonly<Record<string, number>> };

type Target = { readonly name: string; readonly bootstrap: string };

export async function benchKafka(rounds: number): Promise<readonly Row[]> {
  const engines = await startTestEngines();
  const gateway = await startGateway(engines.kafkaBootstrap, engines.dynamodbEndpoint);
  const hop = await startHop(engines.kafkaBootstrap);
  const targets: readonly Target[] = [
    { name: 'direct', bootstrap: engines.kafkaBootstrap },
    { name: 'gateway', bootstrap: gateway.bootstrap },
    { name: 'hop', bootstrap: hop.bootstrap },
  ];
  try {
    await createTopic(engines.kafkaBootstrap, 'warm');
    // The broker's own code is compiled as it runs: the first measurements would pay for it.
    for (const { bootstrap } of targets) await produce(bootstrap, 'warm', warmUpRecords, -1);
    return [
      ...(await measure(rounds, targets, 'produce, MB/s', produceThroughput)),
      ...(await measureConsume(rounds, targets, engines.kafkaBootstrap)),
      ...(await measureLatency(rounds, targets)),
      { name: 'gateway memory, MB', values: { gateway: await gateway.memoryMb() } },
    ];
  } finally {
    gateway.child.kill('SIGINT');
    hop.child.kill('SIGKILL');
    await once(gateway.child, 'exit');
    await rm(gateway.folder, { recursive: true, force: true });
    await engines.stop();
  }
}

async function startGateway(kafkaBootstrap: string, dynamodbEndpoint: string) {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-bench-'));
  const port = await freePort();
  const opsPort = await freePort();
  const flags = [
    '--kinesis-port',
    '0',
    '--kafka-port',
    String(port),
    '--ops-port',
    String(opsPort),
  ];
  const extra = process.env['BENCH_NODE_FLAGS']?.split(' ') ?? [];
  const child = spawn(process.execPath, [...extra, 'dist/kineska.mjs', 'start', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      KINESKA_DATA_DIR: folder,
      KINESKA_KAFKA_BOOTSTRAP: kafkaBootstrap,
      KINESKA_DYNAMODB_ENDPOINT: dynamodbEndpoint,
    },
  });
  await saidReady(child);
  return {
    child,
    folder,
    bootstrap: `127.0.0.1:${port}`,
    async memoryMb() {
      const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
      return Number(/^kineska_process_resident_memory_bytes (\S+)/m.exec(text)?.[1]) / 1e6;
    },
  };
}

async function startHop(kafkaBootstrap: string) {
  const port = await freePort();
  const broker = kafkaBootstrap.split(':')[1] ?? '';
  const program = ['--import', 'tsx', 'test/bench/plain-hop-process.ts', String(port), broker];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  await saidReady(child);
  return { child, bootstrap: `127.0.0.1:${port}` };
}

async function saidReady(child: ChildProcess): Promise<void> {
  let said = '';
  for await (const text of child.stdout!) {
    said += String(text);
    if (said.includes('ready')) break;
  }
}

async function createTopic(bootstrap: string, topic: string): Promise<void> {
  const create = ['--create', '--topic', topic, '--partitions', String(partitions)];
  await kafkaTool('org.apache.kafka.tools.TopicCommand', [
    ...create,
    '--bootstrap-server',
    bootstrap,
  ]);
}

async function produce(bootstrap: string, topic: string, records: number, rate: number) {
  const numbers = ['--num-records', String(records), '--record-size', String(recordBytes)];
  const properties = [`bootstrap.servers=${bootstrap}`, 'acks=all', 'batch.size=65536'];
  const lingering = rate < 0 ? ['linger.ms=5'] : ['linger.ms=0'];
  const warmUp = rate < 0 ? [] : ['--warmup-records', String(latencyWarmUpRecords)];
  return kafkaTool(
    'org.apache.kafka.tools.ProducerPerformance',
    [
      ...['--topic', topic, ...numbers, '--throughput', String(rate), ...warmUp],
      ...['--producer-props', ...properties, ...lingering],
    ],
    { timeoutMs: 300_000 },
  );
}

/** The last line: records, rates, average, maximum and percentiles of latency. */
function summaryOf(output: string): { mbPerS: number; averageMs: number; p99Ms: number } {
  const line = output.split('\n').findLast((each) => each.includes('99th')) ?? '';
  return {
    mbPerS: Number(/\(([\d.]+) MB\/sec\)/.exec(line)?.[1]),
    averageMs: Number(/([\d.]+) ms avg latency/.exec(line)?.[1]),
    p99Ms: Number(/(\d+) ms 99th/.exec(line)?.[1]),
  };
}

let topics = 0;

async function produceThroughput({ bootstrap }: Target): Promise<number> {
  const topic = `produce-${topics++}`;
  await createTopic(bootstrap, topic);
  return summaryOf(await produce(bootstrap, topic, throughputRecords, -1)).mbPerS;
}

async function measureConsume(rounds: number, targets: readonly Target[], direct: string) {
  await createTopic(direct, 'consume');
  await produce(direct, 'consume', consumeRecords, -1);
  return measure(rounds, targets, 'consume, MB/s', async ({ bootstrap }) => {
    const output = await kafkaTool('org.apache.kafka.tools.ConsumerPerformance', [
      ...['--bootstrap-server', bootstrap, '--topic', 'consume'],
      ...['--num-records', String(consumeRecords), '--timeout', '60000'],
    ]);
    const [head = '', values = ''] = output.split('\n').filter((line) => line.includes(','));
    const column = head.split(',').findIndex((name) => name.trim() === 'fetch.MB.sec');
    return Number(values.split(',')[column]);
  });
}

async function measureLatency(rounds: number, targets: readonly Target[]) {
  const p99: Record<string, number[]> = {};
  const averages = await measure(
    rounds,
    targets,
    'latency at 2,000/s, average ms',
    async (target) => {
      const output = await produce(target.bootstrap, 'warm', latencyRecords, latencyRate);
      const { averageMs, p99Ms } = summaryOf(output);
      (p99[target.name] ??= []).push(p99Ms);
      return averageMs;
    },
  );
  const values = Object.entries(p99).map(([name, each]) => [name, median(each)] as const);
  return [...averages, { name: 'latency at 2,000/s, p99 ms', values: Object.fromEntries(values) }];
}

async function measure(
  rounds: number,
  targets: readonly Target[],
  name: string,
  run: (target: Target) => Promise<number>,
): Promise<Row[]> {
  const measured: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    // Whoever is first in a round finds the machine another way than the last: they take turns.
    for (const turn of targets.keys()) {
      const target = targets[(turn + round) % targets.length]!;
      const value = await run(target);
      process.stderr.write(`${name} ${target.name} ${value}\n`);
      (measured[target.name] ??= []).push(value);
    }
  }
  const values = Object.entries(measured).map(([each, all]) => [each, median(all)] as const);
  return [{ name, values: Object.fromEntries(values) }];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = await benchKafka(Number(process.argv[2] ?? '3'));
  for (const { name, values } of rows) process.stdout.write(`${name} ${JSON.stringify(values)}\n`);
}
