/**
 * Ten minutes of load on both doors, and the gateway's memory meanwhile:
 * `node --import tsx test/bench/memory.ts [minutes]`, after `npm run build`. Writes some 10 GB.
 */
import { startTestEngines } from '../support/engines.ts';
import { kafkaTool } from '../support/install.ts';
import { createStream, openClient, putRecordsBody, scan } from './kinesis-load.ts';
import { startGateway } from './kinesis-servers.ts';
import { readFileSync } from 'node:fs';

const minutesDefault = 10;
const putRecordsPerSecond = 20;
const recordsPerPut = 500;
const recordBytes = 1024;
const kafkaRecordsPerSecond = 5_000;
const scanRecords = 10_000;
const sampleEveryMs = 15_000;

const minutes = Number(process.argv[2] ?? minutesDefault);
const endMs = Date.now() + minutes * 60_000;
const engines = await startTestEngines();
const gateway = await startGateway(engines);
const client = openClient(gateway.port);
const kafka = `127.0.0.1:${gateway.kafkaPort}`;

function residentMb(): number {
  const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

async function puts(): Promise<void> {
  await createStream(client, 'puts', 4);
  const body = putRecordsBody('puts', recordsPerPut, recordBytes);
  const startedAtMs = Date.now();
  for (let nth = 0; Date.now() < endMs; nth++) {
    await client.call('PutRecords', body);
    const dueMs = startedAtMs + ((nth + 1) * 1_000) / putRecordsPerSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - Date.now())));
  }
}

async function gets(): Promise<void> {
  await createStream(client, 'scan', 1);
  for (let put = 0; put < scanRecords; put += recordsPerPut) {
    await client.call('PutRecords', putRecordsBody('scan', recordsPerPut, recordBytes));
  }
  while (Date.now() < endMs) await scan(client, 'scan', scanRecords);
}

async function produce(): Promise<void> {
  await createStream(client, 'produce', 4);
  const records = kafkaRecordsPerSecond * minutes * 60;
  await kafkaTool(
    'org.apache.kafka.tools.ProducerPerformance',
    [
      ...['--topic', 'produce', '--num-records', String(records)],
      ...['--record-size', String(recordBytes), '--throughput', String(kafkaRecordsPerSecond)],
      ...['--producer-props', `bootstrap.servers=${kafka}`, 'acks=all', 'linger.ms=5'],
    ],
    { timeoutMs: (minutes + 2) * 60_000 },
  );
}

const samples: number[] = [];
const sampling = setInterval(() => {
  samples.push(residentMb());
  process.stderr.write(`${residentMb()} MB\n`);
}, sampleEveryMs);
await Promise.all([puts(), gets(), produce()]);
clearInterval(sampling);
const half = samples.length >> 1;
const most = (part: readonly number[]) => Math.max(...part);
process.stdout.write(
  `${minutes} minutes: at most ${most(samples.slice(0, half))} MB in the first half, ` +
    `${most(samples.slice(half))} MB in the second\n`,
);
client.close();
await gateway.stop();
await engines.stop();
