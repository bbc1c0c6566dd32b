/**
 * What the Kafka door is measured beside, and by: the cluster directly, the gateway and a plain TCP
 * hop; Kafka's own performance tools; rounds that are interleaved, and their medians.
 */
import { spawn } from 'node:child_process';
import { freePort } from '../../adapters/engines/free-port.ts';
import { kafkaTool } from '../support/install.ts';
import { saidReady } from './gateway-process.ts';

const recordBytes = 1024;
const toolTimeoutMs = 300_000;

export type Row = { readonly name: string; readonly values: Readonly<Record<string, number>> };

export type Target = {
  readonly name: string;
  readonly bootstrap: string;
  /** Of the process in between, where there is one. */
  readonly pid?: number | undefined;
};

/** One hop for each of the brokers, all in one process as the gateway is one. */
export async function startHop(kafkaBootstrap: string) {
  const brokers = kafkaBootstrap.split(',').map((each) => each.split(':')[1] ?? '');
  const ports = await Promise.all(brokers.map(() => freePort()));
  const pairs = brokers.map((broker, index) => `${ports[index]}:${broker}`);
  const program = ['--import', 'tsx', 'test/bench/plain-hop-process.ts', ...pairs];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  await saidReady(child);
  const bootstrap = ports.map((port) => `127.0.0.1:${port}`).join(',');
  return { pid: child.pid, bootstrap, stop: () => child.kill('SIGKILL') };
}

export async function createTopic(
  bootstrap: string,
  topic: string,
  partitions: number,
  replicas = 1,
): Promise<void> {
  const numbers = ['--partitions', String(partitions), '--replication-factor', String(replicas)];
  await kafkaTool('org.apache.kafka.tools.TopicCommand', [
    ...['--create', '--topic', topic, ...numbers, '--bootstrap-server', bootstrap],
  ]);
}

/** `rate` below 0: as fast as it goes; `lingerMs`: larger batches. */
export async function produce(
  bootstrap: string,
  topic: string,
  records: number,
  rate: number,
  { warmUpRecords = 0, lingerMs = rate < 0 ? 5 : 0 } = {},
): Promise<Produced> {
  const numbers = ['--num-records', String(records), '--record-size', String(recordBytes)];
  const properties = [`bootstrap.servers=${bootstrap}`, 'acks=all', 'batch.size=65536'];
  const lingering = [`linger.ms=${lingerMs}`];
  const warmUp = warmUpRecords === 0 ? [] : ['--warmup-records', String(warmUpRecords)];
  const output = await kafkaTool(
    'org.apache.kafka.tools.ProducerPerformance',
    [
      ...['--topic', topic, ...numbers, '--throughput', String(rate), ...warmUp],
      ...['--producer-props', ...properties, ...lingering],
    ],
    { timeoutMs: toolTimeoutMs },
  );
  return summaryOf(output);
}

export type Produced = {
  readonly perSecond: number;
  readonly mbPerS: number;
  readonly averageMs: number;
  readonly p99Ms: number;
};

/** The last line: records, rates, average, maximum and percentiles of latency. */
function summaryOf(output: string): Produced {
  const line = output.split('\n').findLast((each) => each.includes('99th')) ?? '';
  return {
    perSecond: Number(/([\d.]+) records\/sec/.exec(line)?.[1]),
    mbPerS: Number(/\(([\d.]+) MB\/sec\)/.exec(line)?.[1]),
    averageMs: Number(/([\d.]+) ms avg latency/.exec(line)?.[1]),
    p99Ms: Number(/(\d+) ms 99th/.exec(line)?.[1]),
  };
}

/** Answers MB/s, the time to join the group left out; `properties` as `name=value`. */
export async function consume(
  bootstrap: string,
  topic: string,
  records: number,
  properties: readonly string[] = [],
): Promise<number> {
  const output = await kafkaTool(
    'org.apache.kafka.tools.ConsumerPerformance',
    [
      ...['--bootstrap-server', bootstrap, '--topic', topic],
      ...['--num-records', String(records), '--timeout', '60000'],
      ...properties.flatMap((property) => ['--command-property', property]),
    ],
    { timeoutMs: toolTimeoutMs },
  );
  const [head = '', values = ''] = output.split('\n').filter((line) => line.includes(','));
  const column = head.split(',').findIndex((name) => name.trim() === 'fetch.MB.sec');
  return Number(values.split(',')[column]);
}

/** Medians of each of the numbers that a run answers, a row each. */
export async function measure<T extends Readonly<Record<string, number>>>(
  rounds: number,
  targets: readonly Target[],
  run: (target: Target, round: number) => Promise<T>,
): Promise<readonly Row[]> {
  const measured = new Map<string, Map<string, number[]>>();
  for (let round = 0; round < rounds; round++) {
    // The first in a round finds the machine in another state than the last: they take turns.
    for (const turn of targets.keys()) {
      const target = targets[(turn + round) % targets.length]!;
      const found = await run(target, round);
      process.stderr.write(`${target.name} ${JSON.stringify(found)}\n`);
      for (const [name, value] of Object.entries(found)) {
        const row = measured.get(name) ?? new Map<string, number[]>();
        measured.set(name, row.set(target.name, [...(row.get(target.name) ?? []), value]));
      }
    }
  }
  return [...measured].map(([name, row]) => ({
    name,
    values: Object.fromEntries([...row].map(([target, all]) => [target, median(all)])),
  }));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
