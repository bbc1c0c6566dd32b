/**
 * What consumer groups cost that have lease tables: commits of single partitions straight to Kafka
 * and through the gateway, the start of a group with many partitions, and the writes that leases
 * need. `node --import tsx test/bench/groups.ts [rounds]`, after `npm run build`.
 */
import { Database } from '../../adapters/dynamodb/database.ts';
import { Cluster } from '../../adapters/kafka/cluster.ts';
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../src/wire/messages/08-offset-commit.ts';
import {
  offsetFetchRequest,
  offsetFetchResponse,
} from '../../src/wire/messages/09-offset-fetch.ts';
import { kafkaClient } from '../support/doors.ts';
import { commitTo, withAdmin } from '../support/groups.ts';
import { createTopics } from '../support/create-topics.ts';
import { startTestEngines } from '../support/engines.ts';
import { untilTrue } from '../support/until.ts';
import { type BenchGateway, startBenchGateway } from './gateway-process.ts';

const perSecond = Number(process.env['COMMITS_PER_SECOND'] ?? 1_000);
const seconds = Number(process.env['SECONDS'] ?? 10);
/** The JVM of DynamoDB Local compiles its own code meanwhile. */
const warmUpSeconds = 20;
const connections = 10;
const commitPartitions = Number(process.env['PARTITIONS'] ?? 10);
const tickMs = 10;
const manyPartitions = 1_000;
const servedMsMax = 300_000;
const failoverMs = 10_000;
/** Of whole failover times, so that each lease has the same number of turns. */
const renewalMs = 3 * failoverMs;
const writes = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'];

const offsetCommitApi = { request: offsetCommitRequest, response: offsetCommitResponse };
const offsetFetchApi = { request: offsetFetchRequest, response: offsetFetchResponse };
/** The last that name topics by their names. */
const versionMax = 9;
const coordinatorLoadInProgress = 14;

const say = (line: string) => process.stdout.write(`${line}\n`);
let names = 0;
const newGroup = () => `bench-${process.pid}-${names++}`;

function clusterAt(bootstrap: string): Cluster {
  const [host = '', port = ''] = bootstrap.split(':');
  return new Cluster({ bootstrap: [{ host, port: Number(port) }], clientId: 'bench' });
}

async function tableWrites(gateway: BenchGateway): Promise<number> {
  const calls = await gateway.databaseCalls();
  return writes.reduce((sum, operation) => sum + (calls.get(operation) ?? 0), 0);
}

/** Again where the table takes too long, as clients do; that is in the latency. */
async function accepted(commit: () => Promise<number>): Promise<void> {
  for (;;) {
    const code = await commit();
    if (code === 0) return;
    if (code !== coordinatorLoadInProgress) throw new Error(`commit answered ${code}`);
  }
}

/** Latencies in milliseconds of commits at an even rate, sorted. */
async function commits(bootstrap: string, topic: string, forSeconds: number) {
  const groupId = newGroup();
  const clusters = Array.from({ length: connections }, () => clusterAt(bootstrap));
  const commit = (number: number) =>
    commitTo(clusters[number % connections]!, {
      groupId,
      topic,
      partition: number % commitPartitions,
      offset: number,
    });
  for (let number = 1; number <= connections; number += 1) await accepted(() => commit(number));
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  const total = perSecond * forSeconds;
  const startedAt = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    for (; sent < due; sent += 1) {
      const sentAt = performance.now();
      running.push(
        accepted(() => commit(sent + connections + 1)).then(() => {
          latencies.push(performance.now() - sentAt);
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  await Promise.all(running);
  for (const cluster of clusters) cluster.close();
  return latencies.toSorted((one, other) => one - other);
}

const at = (sorted: readonly number[], share: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
const told = (name: string, sorted: readonly number[]) =>
  `${name}: ${sorted.length} commits at ${perSecond}/s, p50 ${at(sorted, 0.5)} ms, ` +
  `p99 ${at(sorted, 0.99)} ms`;

async function benchCommits(direct: string, gateway: BenchGateway, topic: string, rounds: number) {
  for (const each of [direct, gateway.bootstrap]) await commits(each, topic, warmUpSeconds);
  for (let round = 0; round < rounds; round += 1) {
    say(told('straight to Kafka', await commits(direct, topic, seconds)));
    const [before, cpu] = [await tableWrites(gateway), await gateway.processorSeconds()];
    const through = await commits(gateway.bootstrap, topic, seconds);
    const written = (await tableWrites(gateway)) - before;
    const used = (await gateway.processorSeconds()) - cpu;
    say(
      `${told('through the gateway', through)}, ${written} table writes, ${used.toFixed(2)} s cpu`,
    );
  }
}

/** Commits every partition of the topic as one request, past the gateway. */
async function commitAll(cluster: Cluster, groupId: string, topic: string): Promise<void> {
  const partitions = Array.from({ length: manyPartitions }, (_, partitionIndex) => ({
    partitionIndex,
    committedOffset: 0n,
    committedLeaderEpoch: -1,
    committedMetadata: '',
  }));
  const value = { groupId, memberId: '', topics: [{ name: topic, partitions }] };
  await commitTo(cluster, { groupId, topic, partition: 0, offset: 0 });
  const answer = await cluster.request(offsetCommitApi, value, { versionMax });
  const failed = answer.topics[0]?.partitions.find(({ errorCode }) => errorCode !== 0);
  if (failed !== undefined) throw new Error(`commit answered ${failed.errorCode}`);
}

/** How long all offsets of the group take, in milliseconds. */
async function fetchAll(bootstrap: string, groupId: string, topic: string): Promise<number> {
  const cluster = clusterAt(bootstrap);
  const partitionIndexes = Array.from({ length: manyPartitions }, (_, index) => index);
  const topics = [{ name: topic, partitionIndexes }];
  // The connection is there before.
  await cluster.request(offsetFetchApi, { groupId: 'none', groups: [] }, { versionMax: 1 });
  const startedAt = performance.now();
  const value = { groupId, topics, groups: [{ groupId, topics }] };
  const { groups } = await cluster.request(offsetFetchApi, value, { versionMax });
  const tookMs = performance.now() - startedAt;
  cluster.close();
  const found = groups[0]?.topics[0]?.partitions ?? [];
  const isAll = found.filter(({ committedOffset }) => committedOffset === 0n).length;
  if (isAll !== manyPartitions) throw new Error(`${isAll} offsets, error ${groups[0]?.errorCode}`);
  return tookMs;
}

/**
 * How long a member takes from when it connects to its first record; it continues until stopped.
 */
async function joined(bootstrap: string, groupId: string, topic: string) {
  const consumer = kafkaClient(bootstrap).consumer({ groupId, sessionTimeout: 30_000 });
  const startedAt = performance.now();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const tookMs = await new Promise<number>((resolve, reject) => {
    const eachMessage = async () => resolve(performance.now() - startedAt);
    consumer.run({ eachMessage, autoCommitInterval: 1_000 }).catch(reject);
  });
  return { tookMs, stop: () => consumer.disconnect() };
}

/** A record in each partition; a broker serves so many a while after it has made them. */
async function fill(bootstrap: string, topic: string): Promise<void> {
  const messages = Array.from({ length: manyPartitions }, (_, partition) => ({
    partition,
    value: `record-${partition}`,
  }));
  const producer = kafkaClient(bootstrap).producer();
  await producer.connect();
  const isSent = () =>
    producer.send({ topic, messages }).then(
      () => true,
      () => false,
    );
  await untilTrue('every partition to be served', isSent, servedMsMax);
  await producer.disconnect();
}

async function benchResume(direct: string, gateway: BenchGateway, topic: string, rounds: number) {
  const cluster = clusterAt(direct);
  for (let round = 0; round < rounds; round += 1) {
    const groupId = newGroup();
    await commitAll(cluster, groupId, topic);
    const shown: string[] = [];
    const measure = async (name: string, bootstrap = gateway.bootstrap) => {
      shown.push(`${name} ${(await fetchAll(bootstrap, groupId, topic)).toFixed(0)} ms`);
    };
    await measure('straight to Kafka', direct);
    await measure('first sight');
    await measure('again');
    await gateway.again();
    await measure('after a restart');
    await measure('again');
    say(`${manyPartitions} offsets of a group: ${shown.join(', ')}`);
  }
  cluster.close();
}

async function benchMembers(direct: string, gateway: BenchGateway, topic: string, rounds: number) {
  for (let round = 0; round < rounds; round += 1) {
    const shown: string[] = [];
    const measure = async (name: string, bootstrap: string, groupId: string) => {
      const member = await joined(bootstrap, groupId, topic);
      await member.stop();
      shown.push(`${name} ${member.tookMs.toFixed(0)} ms`);
    };
    await measure('straight to Kafka', direct, newGroup());
    await measure('through the gateway, a new group', gateway.bootstrap, newGroup());
    const known = newGroup();
    const cluster = clusterAt(direct);
    await commitAll(cluster, known, topic);
    cluster.close();
    await measure('a group of the cluster', gateway.bootstrap, known);
    await measure('the same again', gateway.bootstrap, known);
    say(`join to first record of ${manyPartitions} partitions: ${shown.join(', ')}`);
  }
}

/** The sum of the counters of all leases. */
async function counted(database: Database, table: string): Promise<number> {
  const { Items = [] } = await database.client.scan({ TableName: table, ConsistentRead: true });
  return Items.reduce((sum, { leaseCounter: counter }) => sum + Number(counter?.N ?? 0), 0);
}

async function benchRenewals(direct: string, gateway: BenchGateway, topic: string): Promise<void> {
  const database = await Database.open({
    endpoint: engines.dynamodbEndpoint,
    region: 'us-east-1',
  });
  const groupId = newGroup();
  const cluster = clusterAt(direct);
  await commitAll(cluster, groupId, topic);
  cluster.close();
  await fetchAll(gateway.bootstrap, groupId, topic);
  const member = await joined(gateway.bootstrap, groupId, topic);
  // Its commits are through when nothing but renewals is written: a tick like the one before.
  let last = -1;
  await untilTrue(
    'commits to be through',
    async () => {
      const before = await tableWrites(gateway);
      await new Promise((resolve) => setTimeout(resolve, failoverMs));
      const written = (await tableWrites(gateway)) - before;
      const isSteady = written === last || written < 4 * manyPartitions;
      last = written;
      return isSteady;
    },
    120_000,
  );
  const [before, cpu] = [await tableWrites(gateway), await gateway.processorSeconds()];
  const countedBefore = await counted(database, groupId);
  await new Promise((resolve) => setTimeout(resolve, renewalMs));
  const renewals = (await counted(database, groupId)) - countedBefore;
  database.close();
  const written = (await tableWrites(gateway)) - before;
  const used = (await gateway.processorSeconds()) - cpu;
  await member.stop();
  const each = renewals / manyPartitions / (renewalMs / (failoverMs / 3));
  say(
    `${manyPartitions} leases held for ${renewalMs / 1000} s: ${renewals} renewals, ` +
      `${each.toFixed(2)} a lease each third of the failover time, in ${written} calls, ` +
      `${used.toFixed(2)} s cpu`,
  );
}

const rounds = Number(process.argv[2] ?? '3');
const engines = await startTestEngines();
const gateway = await startBenchGateway(engines, {
  KINESKA_LIMITS: 'off',
  KINESKA_LEASE_FAILOVER_MS: String(failoverMs),
});
try {
  const direct = engines.kafkaBootstrap;
  await withAdmin(direct, async (admin) => {
    await createTopics(admin, [{ topic: 'commits', numPartitions: commitPartitions }]);
    await admin.createTopics({
      topics: [{ topic: 'many', numPartitions: manyPartitions }],
      waitForLeaders: false,
    });
  });
  await fill(direct, 'many');
  await benchCommits(direct, gateway, 'commits', rounds);
  await benchResume(direct, gateway, 'many', rounds);
  await benchMembers(direct, gateway, 'many', rounds);
  await benchRenewals(direct, gateway, 'many');
} finally {
  await gateway.stop();
  await engines.stop();
}
