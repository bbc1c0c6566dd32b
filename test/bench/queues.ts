/**
 * Queues through the gateway: how many records receivers take and acknowledge, ten a call; how long
 * a record takes from its put to a receiver that waits for it; what waiting receivers cost. Run
 * alone, on a quiet machine: `node --import tsx test/bench/queues.ts [RECEIVERS …]`, after
 * `npm run build`.
 */
import { startTestEngines } from '../support/engines.ts';
import { type Client, openClient, putRecordsBody } from './kinesis-load.ts';
import { startGateway } from './kinesis-servers.ts';
import { processorSeconds } from './process-usage.ts';

const recordBytes = 100;
const recordsPerPut = 500;
const measureMs = 6_000;
/** More than the receivers can take in the time. */
const recordsMax = 150_000;
const latencyPuts = 50;
const idleWaiters = 1_000;
const statusEveryMs = 50;

type Received = { readonly QueueRecords: readonly { readonly ReceiptHandle: string }[] };

const given = process.argv.slice(2).map(Number);
const receiverCounts = given.length > 0 ? given : [1, 16, 64];

const engines = await startTestEngines();
const gateway = await startGateway(engines);
const client = openClient(gateway.port);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const stream = await streamOf('queues-bench');
await fill(stream);
for (const receivers of receiverCounts) {
  const arn = await queueOf(stream, 'TRIM_HORIZON');
  const usedBefore = processorSeconds(gateway.pid);
  const { records, elapsedMs } = await drain(arn, receivers);
  const used = (processorSeconds(gateway.pid) - usedBefore) * 1e6;
  print(
    `receive 10, acknowledge 10, ${receivers} receivers: ` +
      `${Math.round((records / elapsedMs) * 1000)} records/s, ` +
      `${(used / records).toFixed(0)} µs of processor a record`,
  );
}
const latencies = await latenciesOf(await queueOf(stream, 'LATEST'));
print(`put to receive: p50 ${latencies[Math.floor(latencies.length / 2)]?.toFixed(1)} ms`);
print(`${idleWaiters} waiting receivers: ${await idleCost(await queueOf(stream, 'LATEST'))} %`);
client.close();
await gateway.stop();
await engines.stop();

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(statusEveryMs);
}

async function streamOf(name: string): Promise<string> {
  const StreamName = `${name}-${process.pid}`;
  await client.ask('CreateStream', { StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } });
  await until(async () => {
    const { StreamDescriptionSummary } = await client.ask('DescribeStreamSummary', { StreamName });
    return (StreamDescriptionSummary as { StreamStatus: string }).StreamStatus === 'ACTIVE';
  });
  return StreamName;
}

async function queueOf(streamName: string, Type: string): Promise<string> {
  const { QueueDescription } = await client.ask('CreateQueue', {
    QueueName: `bench-${process.pid}-${performance.now().toFixed(0)}`,
    StreamConfigurationList: [
      {
        StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${streamName}`,
        StartingPosition: { Type },
      },
    ],
  });
  const { QueueARN } = QueueDescription as { QueueARN: string };
  await until(async () => {
    const answer = await client.ask('DescribeQueue', { QueueARN });
    return (answer['QueueDescription'] as { QueueStatus: string }).QueueStatus === 'ACTIVE';
  });
  return QueueARN;
}

async function fill(streamName: string): Promise<void> {
  for (let put = 0; put < recordsMax / recordsPerPut; put += 1) {
    await client.call('PutRecords', putRecordsBody(streamName, recordsPerPut, recordBytes));
  }
}

async function receive(from: Client, QueueARN: string, more = {}): Promise<Received> {
  return (await from.ask('ReceiveQueueRecords', { QueueARN, ...more })) as Received;
}

async function acknowledge(to: Client, QueueARN: string, { QueueRecords }: Received) {
  const Entries = QueueRecords.map(({ ReceiptHandle }) => ({ ReceiptHandle }));
  const answer = await to.ask('AcknowledgeQueueRecords', { QueueARN, Entries });
  const failed = answer['Failed'] as readonly unknown[];
  if (failed.length > 0) throw new Error(JSON.stringify(failed));
}

async function drain(QueueARN: string, receivers: number) {
  let records = 0;
  const startedAtMs = performance.now();
  const run = async (): Promise<void> => {
    while (performance.now() - startedAtMs < measureMs) {
      const received = await receive(client, QueueARN);
      if (received.QueueRecords.length === 0) return;
      await acknowledge(client, QueueARN, received);
      records += received.QueueRecords.length;
    }
  };
  await Promise.all(Array.from({ length: receivers }, run));
  return { records, elapsedMs: performance.now() - startedAtMs };
}

async function latenciesOf(QueueARN: string): Promise<readonly number[]> {
  const found: number[] = [];
  await receive(client, QueueARN, { WaitTimeSeconds: 1 });
  for (let n = 0; n < latencyPuts; n += 1) {
    const waiting = receive(client, QueueARN, { WaitTimeSeconds: 20 });
    await pause(100);
    const sinceMs = performance.now();
    await client.call('PutRecords', putRecordsBody(stream, 1, recordBytes));
    const received = await waiting;
    found.push(performance.now() - sinceMs);
    await acknowledge(client, QueueARN, received);
  }
  return found.toSorted((one, other) => one - other);
}

/** Of one core, while nothing comes. */
async function idleCost(QueueARN: string): Promise<string> {
  const waiting = Array.from({ length: idleWaiters }, () =>
    receive(client, QueueARN, { WaitTimeSeconds: 15 }),
  );
  await pause(4_000);
  const [usedBefore, sinceMs] = [processorSeconds(gateway.pid), performance.now()];
  await pause(8_000);
  const used = processorSeconds(gateway.pid) - usedBefore;
  const share = (used * 1000 * 100) / (performance.now() - sinceMs);
  await Promise.all(waiting);
  return share.toFixed(1);
}
