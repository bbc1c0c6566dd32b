/**
 * The Kafka door before a cluster of three brokers, beside the same cluster directly and a plain
 * TCP hop: a topic of 500 partitions, three replicas each, and 200 connections of other clients
 * that are alive all the while. Latency is that at half of the load that the gateway takes.
 * `node --import tsx test/bench/cluster.ts [rounds [part [what]]]`, after `npm run build`; a part
 * below 1 takes fewer records, to try it; `what` is produce, consume, or consume without commits:
 * that alone.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { startTestEngines } from '../support/engines.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
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
import { startLiveClients } from './live-clients.ts';
import { processorSeconds } from './process-usage.ts';

const partitions = 500;
const replicas = 3;
const liveConnections = 200;
const brokerHeapMb = 512;

const [rounds = 3, part = 1] = process.argv.slice(2, 4).map(Number);
const what = process.argv[4];

const throughputRecords = 300_000 * part;
const warmUpRecords = 200_000 * part;
/** The warm-up alone has written as many. */
const consumeRecords = 3 * warmUpRecords;
const latencyMeasuredS = 15;
/** A client's first seconds, in which its own code is compiled, are not the door's. */
const latencyWarmUpS = 5;
const lingerMs = 5;
const settleMs = 2_000;
/** Leaders stay where they are, however busy the machine is. */
const steady = {
  'broker.session.timeout.ms': '60000',
  'replica.lag.time.max.ms': '120000',
  'auto.leader.rebalance.enable': 'false',
};
const alive = 'alive';
const written = 'written';

const ends: (() => unknown)[] = [];
try {
  for (const { name, values } of await benchCluster()) {
    process.stdout.write(`${name} ${JSON.stringify(values)}\n`);
  }
} finally {
  for (const end of ends.toReversed()) await end();
}

async function benchCluster(): Promise<readonly Row[]> {
  const engines = await startTestEngines();
  ends.push(() => engines.stop());
  const cluster = await startKafkaCluster(
    { after: (end) => void ends.push(end as () => unknown) },
    { heapMb: brokerHeapMb, properties: () => steady },
  );
  const direct = cluster.bootstrap;
  const gateway = await startBenchGateway({ ...engines, kafkaBootstrap: direct });
  ends.push(() => gateway.stop());
  const hop = await startHop(direct);
  ends.push(() => hop.stop());
  const targets: readonly Target[] = [
    { name: 'direct', bootstrap: direct },
    { name: 'gateway', ...gateway },
    { name: 'hop', ...hop },
  ];
  for (const topic of [alive, written]) await createTopic(direct, topic, partitions, replicas);
  // The brokers' own code is compiled as it runs: the first measurements would pay for it.
  for (const { bootstrap } of targets) await produce(bootstrap, written, warmUpRecords, -1);
  const isWanted = (name: string) => what === undefined || what === name;
  const rows: Row[] = [];
  if (isWanted('produce')) {
    const produced = await measure(rounds, targets, (target) =>
      besideOthers(target, async ({ bootstrap }) => {
        const found = await produce(bootstrap, written, throughputRecords, -1);
        return { 'produce, MB/s': found.mbPerS, 'produce, records/s': found.perSecond };
      }),
    );
    rows.push(...produced);
  }
  // What a group of so many partitions costs at its commits is told apart.
  const ways = { consume: [], 'consume without commits': ['enable.auto.commit=false'] };
  for (const [name, properties] of Object.entries(ways).filter(([each]) => isWanted(each))) {
    const consumed = await measure(rounds, targets, (target) =>
      besideOthers(target, async ({ bootstrap }) => ({
        [`${name}, MB/s`]: await consume(bootstrap, written, consumeRecords, properties),
      })),
    );
    rows.push(...consumed);
  }
  const rate = rows.find(({ name }) => name.includes('records/s'))?.values['gateway'];
  if (rate !== undefined && what === undefined) {
    const latencies = await measure(rounds, targets, (target) =>
      besideOthers(target, ({ bootstrap }) => latencyAt(bootstrap, Math.round(rate / 2))),
    );
    rows.push(...latencies);
  }
  const memory = { name: 'gateway memory, MB', values: { gateway: await gateway.memoryMb() } };
  return [...rows, memory];
}

/**
 * Runs it while the other clients are connected to the same target. What the process in between
 * has used of a processor tells of its cost where the machine is too busy for other figures.
 */
async function besideOthers<T extends Readonly<Record<string, number>>>(
  target: Target,
  run: (target: Target) => Promise<T>,
) {
  const others = await startLiveClients(target.bootstrap, alive, liveConnections);
  await wait(settleMs);
  const { pid } = target;
  const used = () => (pid === undefined ? 0 : processorSeconds(pid));
  const before = { atMs: performance.now(), requests: others.requests(), usedS: used() };
  const found = await run(target);
  const seconds = (performance.now() - before.atMs) / 1_000;
  const perSecond = (others.requests() - before.requests) / seconds;
  const usedS = used() - before.usedS;
  await others.stop();
  const [name = ''] = Object.keys(found);
  return {
    ...found,
    [`processor beside ${name}, s`]: usedS,
    [`others' requests/s beside ${name}`]: Math.round(perSecond),
  };
}

async function latencyAt(bootstrap: string, perSecond: number) {
  const warmUp = perSecond * latencyWarmUpS;
  const records = warmUp + perSecond * latencyMeasuredS;
  // Batches as large as those of the full load: else half of its records are more requests.
  const how = { warmUpRecords: warmUp, lingerMs };
  const found = await produce(bootstrap, written, records, perSecond, how);
  return {
    [`latency at ${perSecond}/s, average ms`]: found.averageMs,
    [`latency at ${perSecond}/s, p99 ms`]: found.p99Ms,
  };
}
