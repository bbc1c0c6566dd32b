/** The built gateway as a process, for measurements of it from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../adapters/engines/free-port.ts';
import type { Engines } from '../support/engines.ts';

export type BenchGateway = {
  /** Of the process as it is now. */
  readonly pid: number | undefined;
  /** `host:port` of the Kafka door. */
  readonly bootstrap: string;
  readonly kinesis: string;
  memoryMb(): Promise<number>;
  /** Calls of DynamoDB so far, by operation. */
  databaseCalls(): Promise<ReadonlyMap<string, number>>;
  /** Seconds of processor so far. */
  processorSeconds(): Promise<number>;
  /** Stops it and starts it again, on the same ports. */
  again(): Promise<void>;
  stop(): Promise<void>;
};

/** `BENCH_NODE_FLAGS` go to its process: `--cpu-prof` for a profile. */
export async function startBenchGateway(
  { kafkaBootstrap, dynamodbEndpoint }: Engines,
  settings: Readonly<Record<string, string>> = {},
): Promise<BenchGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-bench-'));
  const [kinesisPort, kafkaPort, opsPort] = [await freePort(), await freePort(), await freePort()];
  const ports = { 'kinesis-port': kinesisPort, 'kafka-port': kafkaPort, 'ops-port': opsPort };
  const flags = Object.entries(ports).flatMap(([name, port]) => [`--${name}`, String(port)]);
  const extra = process.env['BENCH_NODE_FLAGS']?.split(' ') ?? [];
  const begin = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [...extra, 'dist/kineska.mjs', 'start', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        KINESKA_DATA_DIR: folder,
        KINESKA_KAFKA_BOOTSTRAP: kafkaBootstrap,
        KINESKA_DYNAMODB_ENDPOINT: dynamodbEndpoint,
        ...settings,
      },
    });
    await saidReady(child);
    return child;
  };
  const end = async (child: ChildProcess) => {
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
  };
  let child = await begin();
  const metrics = async () => (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  const number = async (name: string) =>
    Number(new RegExp(`^${name} (\\S+)`, 'm').exec(await metrics())?.[1]);
  return {
    get pid() {
      return child.pid;
    },
    bootstrap: `127.0.0.1:${kafkaPort}`,
    kinesis: `http://127.0.0.1:${kinesisPort}`,
    memoryMb: async () => (await number('kineska_process_resident_memory_bytes')) / 1e6,
    processorSeconds: () => number('kineska_process_cpu_seconds_total'),
    async databaseCalls() {
      const pattern =
        /^kineska_backing_duration_seconds_count\{engine="dynamodb",operation="(\w+)"\} (\d+)/gm;
      const found = (await metrics()).matchAll(pattern);
      return new Map([...found].map(([, operation = '', count]) => [operation, Number(count)]));
    },
    async again() {
      await end(child);
      child = await begin();
    },
    async stop() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function saidReady(child: ChildProcess): Promise<void> {
  let said = '';
  for await (const text of child.stdout!) {
    said += String(text);
    if (said.includes('ready')) break;
  }
}
