/**
 * The Kinesis door beside kinesalite and kinesis-local (kinesis-mock): the same load on each in
 * turn, several rounds, medians. Run alone: `node --import tsx test/bench/kinesis.ts`, after
 * `npm run build`.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Engines, startTestEngines } from '../support/engines.ts';
import {
  type Client,
  createStream,
  openClient,
  putRecordBody,
  putRecordsBody,
  putToGetMs,
  rateOf,
  scan,
} from './kinesis-load.ts';
import {
  type KinesisServer,
  startGateway,
  startKinesalite,
  startKinesisLocal,
} from './kinesis-servers.ts';

const recordBytes = 1024;
const recordsPerPut = 500;
const putShards = 4;
const putRecordsInFlight = 4;
const putRecordInFlight = 32;
const scanRecords = 10_000;
const latencyPuts = 50;
/** Bodies that are sent in turn, made before the clock runs. */
const bodies = 8;

export type KinesisBenchOptions = {
  readonly rounds: number;
  readonly measureMs: number;
  /** Without the peers, for work on the gateway alone. */
  readonly alone?: boolean;
  readonly nodeFlags?: readonly string[];
};

export type Measure = {
  readonly name: string;
  readonly unit: string;
  /** Medians by server. */
  readonly values: Readonly<Record<string, number>>;
};

type Scenario = {
  readonly name: string;
  readonly unit: string;
  readonly warmUpMs: number;
  run(target: Target, measureMs: number): Promise<number>;
};

type Target = {
  readonly server: KinesisServer;
  readonly client: Client;
  readonly names: { readonly puts: string; readonly latency: string; readonly scan: string };
  readonly putBodies: readonly Buffer[];
  readonly singleBodies: readonly Buffer[];
};

const warmUpMs = 1000;
/** Kafka's own code is compiled during the first ten seconds or more of produce requests. */
const putWarmUpMs = 15_000;

const scenarios: readonly Scenario[] = [
  {
    name: `PutRecords ${recordsPerPut} × 1 KB, ${putRecordsInFlight} in flight`,
    unit: 'records/s',
    warmUpMs: putWarmUpMs,
    run: ({ client, putBodies }, measureMs) => {
      let turn = 0;
      return rateOf(putRecordsInFlight, measureMs, async () => {
        await client.call('PutRecords', putBodies[turn++ % bodies]!);
        return recordsPerPut;
      });
    },
  },
  {
    name: `PutRecord 1 KB, ${putRecordInFlight} in flight`,
    unit: 'records/s',
    warmUpMs: putWarmUpMs,
    run: ({ client, singleBodies }, measureMs) => {
      let turn = 0;
      return rateOf(putRecordInFlight, measureMs, async () => {
        await client.call('PutRecord', singleBodies[turn++ % bodies]!);
        return 1;
      });
    },
  },
  {
    name: `GetRecords scan of ${scanRecords.toLocaleString('en')} × 1 KB`,
    unit: 'records/s',
    warmUpMs,
    run: ({ client, names }, measureMs) =>
      rateOf(1, measureMs, () => scan(client, names.scan, scanRecords)),
  },
  {
    name: 'Put to get, p50',
    unit: 'ms',
    warmUpMs,
    run: async ({ client, names }) => median(await putToGetMs(client, names.latency, latencyPuts)),
  },
];

const run = Date.now().toString(36);

export async function benchKinesis(
  engines: Engines,
  { rounds, measureMs, alone = false, nodeFlags = [] }: KinesisBenchOptions,
): Promise<readonly Measure[]> {
  const servers: KinesisServer[] = [await startGateway(engines, nodeFlags)];
  if (!alone) servers.push(await startKinesalite(), await startKinesisLocal());
  try {
    for (const server of servers) await warmUp(server);
    const targets = await Promise.all(servers.map((server) => prepare(server, 'measured')));
    const samples = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      for (const scenario of scenarios) {
        for (const target of targets) {
          const key = `${scenario.name} ${target.server.name}`;
          const value = await scenario.run(target, measureMs);
          samples.set(key, [...(samples.get(key) ?? []), value]);
          process.stderr.write(`${key} ${Math.round(value)}\n`);
        }
      }
    }
    for (const { client } of targets) client.close();
    const memory = Object.fromEntries(servers.map(({ name, pid }) => [name, memoryPeakMb(pid)]));
    const measures = scenarios.map(({ name, unit }) => ({
      name,
      unit,
      values: Object.fromEntries(
        servers.map((server) => [server.name, median(samples.get(`${name} ${server.name}`)!)]),
      ),
    }));
    return [...measures, { name: 'Memory at its peak', unit: 'MB', values: memory }];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/**
 * On its own streams, which are deleted afterwards, because some servers keep all data in memory.
 */
async function warmUp(server: KinesisServer): Promise<void> {
  const target = await prepare(server, 'warm');
  for (const scenario of scenarios) await scenario.run(target, scenario.warmUpMs);
  for (const name of Object.values(target.names)) {
    await target.client.call('DeleteStream', { StreamName: name });
  }
  target.client.close();
}

async function prepare(server: KinesisServer, use: string): Promise<Target> {
  const client = openClient(server.port);
  // The cluster under the gateway may have streams of an earlier run.
  const names = {
    puts: `${use}-puts-${run}`,
    latency: `${use}-latency-${run}`,
    scan: `${use}-scan-${run}`,
  };
  await createStream(client, names.puts, putShards);
  await createStream(client, names.latency, 1);
  await createStream(client, names.scan, 1);
  for (let put = 0; put < scanRecords; put += recordsPerPut) {
    await client.call('PutRecords', putRecordsBody(names.scan, recordsPerPut, recordBytes));
  }
  const putBodies = Array.from({ length: bodies }, () =>
    putRecordsBody(names.puts, recordsPerPut, recordBytes),
  );
  const singleBodies = Array.from({ length: bodies }, () => putRecordBody(names.puts, recordBytes));
  return { server, client, names, putBodies, singleBodies };
}

/** Linux only; 0 elsewhere. */
function memoryPeakMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A table in Markdown: the gateway, its peers, and how many times the gateway is better. */
export function tableOf(measures: readonly Measure[]): string {
  const [gateway = '', ...peers] = Object.keys(measures[0]?.values ?? {});
  const head = ['', gateway, ...peers.flatMap((peer) => [peer, `× ${peer}`])];
  const rows = measures.map(({ name, unit, values }) => {
    const own = values[gateway] ?? 0;
    const cells = peers.flatMap((peer) => {
      const other = values[peer] ?? 0;
      const ratio = unit.endsWith('/s') ? own / other : other / own;
      return [shown(other), ratio.toFixed(1)];
    });
    return [`${name} (${unit})`, shown(own), ...cells];
  });
  const lines = [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}

function flag(name: string, value: number): number {
  const given = process.argv.find((each) => each.startsWith(`--${name}=`));
  return Number(given?.split('=')[1] ?? value);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { TEST_KAFKA_BOOTSTRAP: kafkaBootstrap, TEST_DYNAMODB_ENDPOINT: dynamodbEndpoint } =
    process.env;
  const given = kafkaBootstrap !== undefined && dynamodbEndpoint !== undefined;
  const started = given ? undefined : await startTestEngines();
  const engines = given ? { kafkaBootstrap, dynamodbEndpoint } : started!;
  const measures = await benchKinesis(engines, {
    rounds: flag('rounds', 3),
    measureMs: flag('measure-ms', 2000),
    alone: process.argv.includes('--alone'),
    nodeFlags: process.argv.filter((each) => each.startsWith('--cpu-prof')),
  });
  process.stdout.write(`${tableOf(measures)}\n`);
  await started?.stop();
}
