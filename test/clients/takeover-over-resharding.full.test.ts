/**
 * A KCL application and the Kafka group of its name take over from each other across a split and a
 * merge: each side gets exactly what the other has left, in parents and in children.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { shardIdOf } from '../../src/domain/streams/stream.ts';
import { withAdmin } from '../support/groups.ts';
import { sharedEngines } from '../support/engines.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { installClients } from '../support/install.ts';
import { type LeaseRows, openLeaseRows } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import { type Follower, followerKinds } from '../support/loads/followers.ts';
import {
  assertEachOnce,
  assertNoneLost,
  type Handed,
  handedByKafka,
  handedByKcl,
  kcl2 as kcl2Soon,
  kcl3 as kcl3Soon,
  numbered,
  oneGroup,
  type Pair,
  pairsTimeoutMs as timeout,
  steadyFailoverMs as failoverMs,
  steadySettings as settings,
  untilHandedByKcl,
  waitMsMax,
} from '../support/loads/kcl-and-kafka.ts';
import { keyOf } from '../support/checks/records.ts';
import {
  childShards,
  closedShards,
  putWhile,
  splitAndMerge,
} from '../support/loads/split-and-merge.ts';

await Promise.all([sharedEngines(), installClients()]);

/** In parents, and of these the member reads some. */
const countOfParents = 8_000;
const someOfParents = 1_000;
/** Into children and the shard that stays, beside those that are put while shards change. */
const countAfter = 4_000;
/** KCL takes leases of finished shards away once in five minutes. */
const cleanUpMsMax = 480_000;
const runsAtOnce = 3;
const kcl2 = { ...kcl2Soon, failoverMs };
const kcl3 = { ...kcl3Soon, failoverMs };
const notClosed = [1, ...childShards];

type Parts = Awaited<ReturnType<typeof oneGroup>> & {
  readonly gateway: Gateway;
  readonly rows: LeaseRows;
};
type Run = {
  readonly name: string;
  readonly pair: Pair;
  readonly scenario: (t: TestContext, parts: Parts) => Promise<void>;
};

const { javaClassic, javaConsumer, kafkajs, pythonConsumer } = followerKinds;

/** These wait for KCL's clean-up, beside the others. */
const longRuns = runsOf('KCL goes over it and cleans up', kclCleansUp, [
  { kind: kcl3, client: javaConsumer },
  { kind: kcl2, client: javaClassic },
]);

const runs: readonly Run[] = [
  ...runsOf('the group has parents only', parentsOnly, [
    { kind: kcl3, client: javaClassic },
    { kind: kcl2, client: kafkajs },
  ]),
  ...runsOf('the group begins children', childrenBegun, [
    { kind: kcl3, client: kafkajs },
    { kind: kcl2, client: javaClassic },
  ]),
  ...runsOf('a member lives over it', livesOver, [
    { kind: kcl3, client: javaConsumer },
    { kind: kcl2, client: pythonConsumer },
  ]),
  ...runsOf('KCL goes over it', kclFirst, [
    { kind: kcl3, client: javaClassic },
    { kind: kcl2, client: kafkajs },
  ]),
];

function runsOf(name: string, scenario: Run['scenario'], pairs: readonly Pair[]): readonly Run[] {
  return pairs.map((pair) => ({ name, pair, scenario }));
}

/** The group stops in parents, and is not there any more when they are closed. */
async function parentsOnly(t: TestContext, parts: Parts): Promise<void> {
  const { application, put, stream, kinesis, rows, group } = parts;
  const member = await parts.startMember();
  const putting = put(0, countOfParents);
  await member.until('some', () => member.records.length >= someOfParents, waitMsMax);
  await member.stop();
  await putting;
  const next = await putWhile(splitAndMerge(kinesis, stream), kinesis, stream, countOfParents);
  const count = next + countAfter;
  await put(next, count);
  const ofKafka = handedByKafka(member);
  assert.ok(ofKafka.length < countOfParents, 'the member has left nothing');
  assert.deepEqual(await leaseKeys(rows, group), [0, 1, 2, 3].map(shardIdOf));
  await takeOver(t, parts, ofKafka, count);
  assertInOrderOfKeys([...ofKafka, ...handedByKcl(application)]);
}

/** A second member continues in parents and begins children, and leaves some of both. */
async function childrenBegun(t: TestContext, parts: Parts): Promise<void> {
  const { put, stream, kinesis } = parts;
  const before = await parts.startMember();
  const putting = put(0, countOfParents);
  await before.until('some', () => before.records.length >= someOfParents, waitMsMax);
  await before.stop();
  await putting;
  const next = await putWhile(splitAndMerge(kinesis, stream), kinesis, stream, countOfParents);
  await put(next, next + countAfter);
  const after = await parts.startMember();
  await after.until('records of a child', () => hasBegunChild(after), waitMsMax);
  const count = next + 2 * countAfter;
  const goingOn = put(next + countAfter, count);
  await after.stop();
  await goingOn;
  const ofKafka = [...handedByKafka(before), ...handedByKafka(after)];
  await takeOver(t, parts, ofKafka, count);
}

/** The member is there when shards are closed, and finds the children by itself. */
async function livesOver(t: TestContext, parts: Parts): Promise<void> {
  const { put, stream, kinesis, gateway, rows, group } = parts;
  const member = await parts.startMember();
  const putting = put(0, countOfParents);
  await member.until('some', () => member.records.length >= someOfParents, waitMsMax);
  await putting;
  const next = await putWhile(splitAndMerge(kinesis, stream), kinesis, stream, countOfParents);
  const begun = next + countAfter;
  await put(next, begun);
  await member.until('records of a child', () => hasBegunChild(member), waitMsMax);
  // Including those that were closed after it had read them: it does not commit for them again.
  await untilTrue(
    'SHARD_END of all that it has read',
    async () => {
      const left = await leftInParents(gateway, stream, handedByKafka(member));
      return endsAreTold(await rows.all(group), left);
    },
    waitMsMax,
  );
  const count = begun + countAfter;
  const goingOn = put(begun, count);
  await member.stop();
  await goingOn;
  await takeOver(t, parts, handedByKafka(member), count);
}

function kclFirst(t: TestContext, parts: Parts): Promise<void> {
  return kclOverIt(t, parts, () => Promise.resolve());
}

/** As KCL does in time: the leases of the parents go when the children are begun. */
function kclCleansUp(t: TestContext, parts: Parts): Promise<void> {
  const { rows, group } = parts;
  return kclOverIt(t, parts, async () => {
    const wanted = notClosed.map(shardIdOf).join();
    const isClean = async () => (await leaseKeys(rows, group)).join() === wanted;
    await untilTrue('leases of parents to be cleaned up', isClean, cleanUpMsMax);
  });
}

async function kclOverIt(
  t: TestContext,
  { application, put, stream, kinesis, startMember, rows, group }: Parts,
  beforeItStops: () => Promise<void>,
): Promise<void> {
  application.startWorker();
  await put(0, countOfParents);
  await application.untilSeen(someOfParents);
  const next = await putWhile(splitAndMerge(kinesis, stream), kinesis, stream, countOfParents);
  const begun = next + countAfter;
  await put(next, begun);
  await application.untilSeen(begun);
  const hasEnded = () => application.shardsThat('ended').join() === idsOf(closedShards).join();
  await application.until(hasEnded, () => `ended: ${application.shardsThat('ended')}`);
  await beforeItStops();
  const count = begun + countAfter;
  const goingOn = put(begun, count);
  await application.untilSeen(begun + 1);
  // A worker that is asked to stop gives up its leases, too.
  const lost = application.shardsThat('lost');
  const askedAt = performance.now();
  await application.stop();
  t.diagnostic(`KCL took ${Math.round(performance.now() - askedAt)} ms to stop`);
  await goingOn;
  // A stop may take KCL 2 until it has cleaned up leases.
  const leases = await leaseKeys(rows, group);
  const ofKcl = handedByKcl(application);
  const member = await startMember();
  const rest = count - new Set(ofKcl.map(({ value }) => value)).size;
  await member.until('the rest', () => member.records.length >= rest, waitMsMax);
  await member.stop();
  const ofKafka = handedByKafka(member);
  t.diagnostic(`KCL ${ofKcl.length}, Kafka ${ofKafka.length}, leases ${leases.join(' ')}`);
  assertExactly(t, lost, [...ofKcl, ...ofKafka], count);
  assertInOrderOfKeys([...ofKcl, ...ofKafka]);
  assert.deepEqual(member.failed, []);
  // A member adds no lease of a shard that was done before it came.
  assert.deepEqual(await leaseKeys(rows, group), leases);
}

/** KCL gets exactly the rest, and has leases for exactly the remaining shards. */
async function takeOver(
  t: TestContext,
  { application, rows, group, stream, gateway }: Parts,
  ofKafka: readonly Handed[],
  count: number,
): Promise<void> {
  const left = await leftInParents(gateway, stream, ofKafka);
  assert.ok(endsAreTold(await rows.all(group), left), `left in parents: ${left}`);
  application.startWorker();
  const wanted = numbered(count);
  for (const { value } of ofKafka) wanted.delete(value);
  await untilHandedByKcl(application, wanted);
  const hasEnded = () => application.shardsThat('ended').join() === idsOf(left).join();
  await application.until(hasEnded, () => `ended: ${application.shardsThat('ended')}`);
  const hasLeases = async () => isDone(await rows.all(group));
  await untilTrue('leases of all that is not done, SHARD_END of parents', hasLeases, waitMsMax);
  const ofKcl = handedByKcl(application);
  t.diagnostic(`Kafka ${ofKafka.length}, KCL ${ofKcl.length}, parents left ${left.join(' ')}`);
  assertExactly(t, application.shardsThat('lost'), [...ofKafka, ...ofKcl], count);
  assertInOrderOfKeys(ofKcl);
}

/** SHARD_END of closed shards but those in which something is left. */
function endsAreTold(table: Awaited<ReturnType<LeaseRows['all']>>, left: readonly number[]) {
  return closedShards.every((shard) => {
    const isEnd = table?.get(shardIdOf(shard))?.['checkpoint']?.S === 'SHARD_END';
    return isEnd === !left.includes(shard);
  });
}

function isDone(table: Awaited<ReturnType<LeaseRows['all']>>): boolean {
  const leases = [...(table ?? [])].filter(([key]) => key.startsWith('shardId-'));
  const open = leases.filter(([, row]) => row['checkpoint']?.S !== 'SHARD_END');
  return (
    open
      .map(([key]) => key)
      .toSorted()
      .join() === idsOf(notClosed).join() &&
    open.every(([, row]) => /^\d+$/.test(row['checkpoint']?.S ?? ''))
  );
}

/** Closed shards that the group has not read to their end, in order. */
async function leftInParents(
  gateway: Gateway,
  stream: string,
  handed: readonly Handed[],
): Promise<readonly number[]> {
  const ends = await withAdmin(gateway.kafka, (admin) => admin.fetchTopicOffsets(stream));
  return closedShards.filter((shard) => {
    const read = handed.filter((each) => each.shard === shardIdOf(shard)).length;
    return read < Number(ends.find(({ partition }) => partition === shard)?.high);
  });
}

function hasBegunChild({ records }: Follower): boolean {
  return records.some(({ place }) => childShards.includes(Number(place)));
}

async function leaseKeys(rows: LeaseRows, group: string): Promise<readonly string[]> {
  const keys = [...((await rows.all(group))?.keys() ?? [])];
  return keys.filter((key) => key.startsWith('shardId-')).toSorted();
}

function idsOf(shards: readonly number[]): readonly string[] {
  return shards.map(shardIdOf);
}

/**
 * Each record once. On a machine that holds up a worker for longer than the failover time KCL gives
 * up leases, and takes them again from their checkpoints: of these shards records may come again.
 */
function assertExactly(
  t: TestContext,
  lost: readonly string[],
  handed: readonly Handed[],
  count: number,
): void {
  if (lost.length === 0) return assertEachOnce(handed, count);
  t.diagnostic(`KCL gave up leases by itself: ${lost}`);
  assertNoneLost(handed, count);
  const seen = new Set<string>();
  for (const { shard, value } of handed) {
    assert.ok(!seen.has(value) || lost.includes(shard), `${value} of ${shard} came again`);
    seen.add(value);
  }
}

/** Of each key, in the order in which its records were put, whatever shard they lie in. */
function assertInOrderOfKeys(handed: readonly Handed[]): void {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const { value, shard } of handed) {
    // What comes again was in order when it came first.
    if (seen.has(value)) continue;
    seen.add(value);
    const number = Number(value.slice('record-'.length));
    const key = keyOf(number);
    assert.ok(number > (last.get(key) ?? -1), `${value} of ${shard} is out of order`);
    last.set(key, number);
  }
}

test(
  'KCL and a Kafka group take over from each other across a split and a merge',
  { timeout, concurrency: true },
  async (t) => {
    const gateway = await startGateway(t, { settings });
    const rows = await openLeaseRows(t, gateway.dynamodb);
    const begin = async ({ name, pair, scenario }: Run): Promise<void> => {
      const title = `${name}: ${pair.kind.program} and ${pair.client.name}`;
      await t.test(title, async (inner) => {
        const parts = await oneGroup(inner, gateway, pair);
        await scenario(inner, { ...parts, gateway, rows });
      });
    };
    const waiting = [...runs];
    const next = async (): Promise<void> => {
      for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) await begin(run);
    };
    const shortOnes = Array.from({ length: runsAtOnce }, next);
    await Promise.all([...longRuns.map(begin), ...shortOnes]);
  },
);
