/**
 * Enhanced fan-out under load: 100 subscriptions (20 consumers of 5 shards), 100 records a second
 * put to each shard, the time from put to event for each. Run alone, after `npm run build`:
 * `node --import tsx test/bench/fan-out.ts`.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { pathToFileURL } from 'node:url';
import { type Engines, startTestEngines } from '../support/engines.ts';
import { type Client, createStream, openClient } from './kinesis-load.ts';
import { startGateway } from './kinesis-servers.ts';

const shards = 5;
const consumers = 20;
const putEveryMs = 10;
const recordBytes = 100;
const warmUpMs = 3_000;
const stream = 'fan-out';
const streamArn = `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`;

export type FanOutMeasure = {
  readonly subscriptions: number;
  readonly eventsPerSecond: number;
  readonly recordsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of one core, taken by the gateway. */
  readonly cpuShare: number;
};

export async function benchFanOut(
  engines: Engines,
  { measureMs, perShard = consumers }: { measureMs: number; perShard?: number },
): Promise<FanOutMeasure> {
  const gateway = await startGateway(engines);
  const client = openClient(gateway.port);
  const session = connect(`http://127.0.0.1:${gateway.port}`);
  try {
    await createStream(client, stream, shards);
    const seen: Seen = { latenciesMs: [], events: 0, counting: false };
    await subscribeAll(client, session, perShard, seen);
    const stopPuts = startPuts(client);
    await passes(warmUpMs);
    const cpuMs = cpuMsOf(gateway.pid);
    seen.counting = true;
    await passes(measureMs);
    seen.counting = false;
    const cpuShare = (cpuMsOf(gateway.pid) - cpuMs) / measureMs;
    await stopPuts();
    const sorted = seen.latenciesMs.toSorted((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
    return {
      subscriptions: perShard * shards,
      eventsPerSecond: Math.round((seen.events * 1000) / measureMs),
      recordsPerSecond: Math.round((sorted.length * 1000) / measureMs),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1),
      cpuShare,
    };
  } finally {
    session.destroy();
    await client.ask('DeleteStream', { StreamName: stream, EnforceConsumerDeletion: true });
    client.close();
    await gateway.stop();
  }
}

type Seen = { readonly latenciesMs: number[]; events: number; counting: boolean };

/** Linux only: user and system time of a process. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function passes(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function subscribeAll(
  client: Client,
  session: ClientHttp2Session,
  perShard: number,
  seen: Seen,
): Promise<void> {
  const arns: string[] = [];
  for (let index = 0; index < perShard; index++) arns.push(await register(client, `c${index}`));
  const wanted = arns.flatMap((arn) => Array.from({ length: shards }, (_, shard) => [arn, shard]));
  await Promise.all(wanted.map(([arn, shard]) => subscribe(session, arn, shard, seen)));
}

async function register(client: Client, name: string): Promise<string> {
  const deadlineMs = Date.now() + 10_000;
  for (;;) {
    try {
      const made = await client.ask('RegisterStreamConsumer', {
        StreamARN: streamArn,
        ConsumerName: name,
      });
      const { ConsumerARN: arn } = made['Consumer'] as { ConsumerARN: string };
      await whenActive(client, arn, deadlineMs);
      return arn;
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
    }
  }
}

async function whenActive(client: Client, ConsumerARN: string, deadlineMs: number): Promise<void> {
  while (Date.now() < deadlineMs) {
    const { ConsumerDescription: found } = await client.ask('DescribeStreamConsumer', {
      ConsumerARN,
    });
    if ((found as { ConsumerStatus: string }).ConsumerStatus === 'ACTIVE') return;
  }
  throw new Error(`${ConsumerARN} is not active`);
}

async function subscribe(
  session: ClientHttp2Session,
  ConsumerARN: string | number | undefined,
  shard: string | number | undefined,
  seen: Seen,
): Promise<void> {
  const request = session.request({
    ':method': 'POST',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'Kinesis_20131202.SubscribeToShard',
  });
  const ShardId = `shardId-${String(shard).padStart(12, '0')}`;
  request.end(JSON.stringify({ ConsumerARN, ShardId, StartingPosition: { Type: 'LATEST' } }));
  let rest: Buffer = Buffer.alloc(0);
  request.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= rest.readUInt32BE(0)) {
      const size = rest.readUInt32BE(0);
      note(rest.subarray(0, size), seen);
      rest = rest.subarray(size);
    }
  });
  const [headers] = (await once(request, 'response')) as [{ ':status': number }];
  if (headers[':status'] !== 200) throw new Error(`SubscribeToShard: ${headers[':status']}`);
}

const preludeBytes = 12;
const checksumBytes = 4;

/** A frame's payload lies behind its prelude and headers; each record's data is when it was put. */
function note(frame: Buffer, seen: Seen): void {
  if (!seen.counting) return;
  const start = preludeBytes + frame.readUInt32BE(4);
  const { Records: records = [] } = JSON.parse(
    frame.toString('utf8', start, frame.length - checksumBytes),
  ) as { Records?: readonly { Data: string }[] };
  const nowMs = performance.now();
  if (records.length > 0) seen.events++;
  for (const { Data } of records) {
    seen.latenciesMs.push(nowMs - Number.parseFloat(Buffer.from(Data, 'base64').toString()));
  }
}

/** One record to each shard every ten milliseconds; answers how to stop. */
function startPuts(client: Client): () => Promise<void> {
  const step = 2n ** 128n / BigInt(shards);
  let failure: unknown;
  const running = new Set<Promise<unknown>>();
  const timer = setInterval(() => {
    for (let shard = 0; shard < shards; shard++) {
      const text = String(performance.now()).padEnd(recordBytes, ' ');
      const put = client
        .ask('PutRecord', {
          StreamName: stream,
          PartitionKey: 'k',
          ExplicitHashKey: String(step * BigInt(shard)),
          Data: Buffer.from(text).toString('base64'),
        })
        .catch((error: unknown) => (failure = error))
        .finally(() => running.delete(put));
      running.add(put);
    }
  }, putEveryMs);
  return async () => {
    clearInterval(timer);
    await Promise.all(running);
    if (failure !== undefined) throw failure;
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const engines = await startTestEngines();
  try {
    for (const perShard of [1, consumers]) {
      const measure = await benchFanOut(engines, { measureMs: 8_000, perShard });
      process.stdout.write(`${JSON.stringify(measure)}\n`);
    }
  } finally {
    await engines.stop();
  }
}
