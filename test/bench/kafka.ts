/**
 * The Kafka door beside the same cluster directly, and beside a plain TCP hop, by Kafka's own
 * performance tools; rounds are interleaved, and medians compared. Run alone:
 * `node --import tsx test/bench/kafka.ts [rounds]`, after `npm run build`.
 */
import { pathToFileURL } from 'node:url';
import { startTestEngines } from '../support/engines.ts';
import { startBenchGateway } from './gateway-process.ts';
import {
  consume,
  createTopic,
  measure,
  produce,
  type Row,
  startHop,
  type Target,
} from './kafka-targets.ts';

const throughputRecords = 600_000;
const consumeRecords = 1_500_000;
const latencyRecords = 26_000;
/** A client's first seconds, in which its own code is compiled, are not the door's. */
const latencyWarmUpRecords = 6_000;
const latencyRate = 2_000;
const warmUpRecords = 500_000;
const partitions = 4;

export async function benchKafka(rounds: number): Promise<readonly Row[]> {
  const engines = await startTestEngines();
  const direct = engines.kafkaBootstrap;
  const gateway = await startBenchGateway(engines);
  const hop = await startHop(direct);
  const targets: readonly Target[] = [
    { name: 'direct', bootstrap: direct },
    { name: 'gateway', bootstrap: gateway.bootstrap },
    { name: 'hop', bootstrap: hop.bootstrap },
  ];
  try {
    await createTopic(direct, 'warm', partitions);
    // The broker's own code is compiled as it runs: the first measurements would pay for it.
    for (const { bootstrap } of targets) await produce(bootstrap, 'warm', warmUpRecords, -1);
    const produced = await measure(rounds, targets, produceThroughput);
    await createTopic(direct, 'consume', partitions);
    await produce(direct, 'consume', consumeRecords, -1);
    const consumed = await measure(rounds, targets, async ({ bootstrap }) => ({
      'consume, MB/s': await consume(bootstrap, 'consume', consumeRecords),
    }));
    return [
      ...produced,
      ...consumed,
      ...(await measure(rounds, targets, latency)),
      { name: 'gateway memory, MB', values: { gateway: await gateway.memoryMb() } },
    ];
  } finally {
    hop.stop();
    await gateway.stop();
    await engines.stop();
  }
}

let topics = 0;

async function produceThroughput({ bootstrap }: Target) {
  const topic = `produce-${topics++}`;
  await createTopic(bootstrap, topic, partitions);
  const { mbPerS } = await produce(bootstrap, topic, throughputRecords, -1);
  return { 'produce, MB/s': mbPerS };
}

async function latency({ bootstrap }: Target) {
  const how = { warmUpRecords: latencyWarmUpRecords };
  const found = await produce(bootstrap, 'warm', latencyRecords, latencyRate, how);
  return {
    'latency at 2,000/s, average ms': found.averageMs,
    'latency at 2,000/s, p99 ms': found.p99Ms,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = await benchKafka(Number(process.argv[2] ?? '3'));
  for (const { name, values } of rows) process.stdout.write(`${name} ${JSON.stringify(values)}\n`);
}
