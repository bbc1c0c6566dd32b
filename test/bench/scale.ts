/**
 * Many streams in one gateway: 1,000 streams with 10,000 shards, each stream a topic of a real
 * Kafka, made through CreateStream. Tells the pages' latencies, the restart, the memory.
 *   node --import tsx test/bench/scale.ts [streams [shards in all]]
 */
import { readFileSync } from 'node:fs';
import { startTestEngines } from '../support/engines.ts';
import { type Client, openClient } from './kinesis-load.ts';
import { startGateway } from './kinesis-servers.ts';

/** That of the embedded Kafka. */
const kafkaHeapMb = 512;
const creationsAtOnce = 4;
const activeTimeoutMs = 300_000;
const pollEveryMs = 100;
const listRounds = 30;
const shardPages = 500;
/** One stream has pages of the most shards that a page has. */
const largeStreamShards = 1_000;

const [streamCount = 1_000, shardCount = 10_000] = process.argv.slice(2).map(Number);

type Page = { HasMoreStreams?: boolean; NextToken?: string; StreamNames?: string[] };

const line = (text: string): void => void process.stdout.write(`${text}\n`);

async function timed<T>(work: () => Promise<T>, into: number[]): Promise<T> {
  const beganAt = performance.now();
  const result = await work();
  into.push(performance.now() - beganAt);
  return result;
}

function show(what: string, measuredMs: readonly number[]): void {
  const sorted = measuredMs.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1]!.toFixed(1);
  line(`${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms of ${sorted.length}`);
}

function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]);
  return `${(kib / 1024).toFixed(0)} MB`;
}

const nameOf = (index: number): string => `scale-${String(index).padStart(5, '0')}`;
const each = Math.floor((shardCount - largeStreamShards) / (streamCount - 1));

/** Until it is ACTIVE, also where Kafka takes longer than the gateway waits for it. */
async function createOne(client: Client, StreamName: string, ShardCount: number): Promise<void> {
  try {
    await client.call('CreateStream', { StreamName, ShardCount });
  } catch (error) {
    line(String(error));
  }
  const giveUpAtMs = Date.now() + activeTimeoutMs;
  for (;;) {
    const answer = await client.ask('DescribeStreamSummary', { StreamName });
    const { StreamStatus } = answer['StreamDescriptionSummary'] as { StreamStatus: string };
    if (StreamStatus === 'ACTIVE') return;
    if (Date.now() > giveUpAtMs) throw new Error(`${StreamName} is ${StreamStatus}`);
    await new Promise((again) => setTimeout(again, pollEveryMs));
  }
}

async function create(client: Client): Promise<void> {
  let next = 1;
  const worker = async () => {
    while (next < streamCount) {
      const index = next++;
      await createOne(client, nameOf(index), each);
      if (index % 100 === 99) line(`${index + 1} streams`);
    }
  };
  const large: number[] = [];
  const ShardCount = shardCount - each * (streamCount - 1);
  await timed(() => createOne(client, nameOf(0), ShardCount), large);
  show(`CreateStream of ${ShardCount} shards`, large);
  const beganAt = performance.now();
  await Promise.all(Array.from({ length: creationsAtOnce }, worker));
  line(`made in ${((performance.now() - beganAt) / 1_000).toFixed(1)} s`);
}

async function listStreams(client: Client, into: number[]): Promise<number> {
  let count = 0;
  let token: string | undefined;
  do {
    const asked = token === undefined ? {} : { NextToken: token };
    const page = (await timed(() => client.ask('ListStreams', asked), into)) as Page;
    count += page.StreamNames?.length ?? 0;
    token = page.HasMoreStreams === true ? page.NextToken : undefined;
  } while (token !== undefined);
  return count;
}

async function measure(port: number): Promise<void> {
  const client = openClient(port);
  const first: number[] = [];
  line(`${await listStreams(client, first)} streams are listed`);
  show('ListStreams, the first pages after the start', first);
  const later: number[] = [];
  for (let round = 0; round < listRounds; round++) await listStreams(client, later);
  show('ListStreams pages', later);
  const shards: number[] = [];
  for (let page = 0; page < shardPages; page++) {
    const StreamName = nameOf(1 + ((page * 7) % (streamCount - 1)));
    await timed(() => client.call('ListShards', { StreamName }), shards);
  }
  show(`ListShards pages of ${each}`, shards);
  const large: number[] = [];
  for (let page = 0; page < shardPages / 5; page++) {
    await timed(() => client.call('ListShards', { StreamName: nameOf(0) }), large);
  }
  show('ListShards pages of 1,000', large);
  client.close();
}

const engines = await startTestEngines({ kafkaHeapMb });
try {
  const gateway = await startGateway(engines);
  const client = openClient(gateway.port);
  await create(client);
  client.close();
  await measure(gateway.port);
  line(`memory ${memoryOf(gateway.pid, 'VmRSS')}, at its peak ${memoryOf(gateway.pid, 'VmHWM')}`);
  await gateway.stop();
  for (let round = 0; round < 3; round++) {
    const beganAt = performance.now();
    const again = await startGateway(engines);
    line(`restart to ready: ${(performance.now() - beganAt).toFixed(0)} ms`);
    if (round === 2) {
      await measure(again.port);
      line(`memory ${memoryOf(again.pid, 'VmRSS')}, at its peak ${memoryOf(again.pid, 'VmHWM')}`);
    }
    await again.stop();
  }
} finally {
  await engines.stop();
}
