/**
 * DynamoDB is killed under load, is away for a while, and comes back with its data: what was
 * acknowledged is there, and clients of both doors continue by themselves.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { parseSequenceNumber } from '../../src/domain/records/sequence-number.ts';
import { shardIdOf } from '../../src/domain/streams/stream.ts';
import { createStream, newName } from '../support/doors.ts';
import { dynamodbOnDisk } from '../support/dynamodb-on-disk.ts';
import { type Follower, followerKinds, startFollower } from '../support/loads/followers.ts';
import {
  kafkajsLoad,
  kinesisLoad,
  type Load,
  lostOf,
  untilAllGoOn,
  valuesOf,
  verifiableProducer,
} from '../support/loads/loads.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { installClients } from '../support/install.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import { type LeaseRows, openLeaseRows } from '../support/lease-rows.ts';

await installClients();

const timeout = 600_000;
const awayMs = 20_000;
const waitMsMax = 120_000;
const shardCount = 4;
/** Of each consumer, between the steps. */
const commitsWanted = 5;

async function startAll(t: TestContext) {
  const [dynamodb, cluster] = await Promise.all([
    dynamodbOnDisk(t),
    startKafkaCluster(t, { count: 1, properties: () => ({ 'min.insync.replicas': '1' }) }),
  ]);
  const settings = {
    KINESKA_DYNAMODB_ENDPOINT: dynamodb.endpoint,
    KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap,
  };
  const gateway = await startGateway(t, { settings });
  const rows = await openLeaseRows(t, dynamodb.endpoint);
  return { dynamodb, gateway, rows };
}

function startLoads(t: TestContext, { kinesis, kafka }: Gateway, stream: string): Promise<Load[]> {
  return Promise.all([
    kinesisLoad([kinesis], stream),
    kafkajsLoad([kafka], stream, shardCount),
    verifiableProducer(t, kafka, stream),
  ]);
}

type Member = { readonly group: string; readonly follower: Follower };

const kinds = [followerKinds.kafkajs, followerKinds.javaConsumer, followerKinds.pythonClassic];

function startMembers(t: TestContext, { kafka }: Gateway, stream: string): Promise<Member[]> {
  return Promise.all(
    kinds.map(async (kind) => {
      const group = newName();
      return { group, follower: await startFollower(t, kind, kafka, stream, group) };
    }),
  );
}

/** Waits until each of the members got acknowledgements for new commits. */
async function untilCommitsGoOn(members: readonly Member[]): Promise<void> {
  await Promise.all(
    members.map(({ follower }) => {
      const wanted = follower.commits() + commitsWanted;
      const what = `commits of ${follower.kind.name}`;
      return follower.until(what, () => follower.commits() >= wanted, waitMsMax);
    }),
  );
}

/** What the table has less than the members were told is committed. */
async function missingIn(rows: LeaseRows, members: readonly Member[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { group, follower } of members) {
    // What was told before the table is read, the table has.
    const told = [...follower.committed];
    const table = await rows.all(group);
    for (const [partition, offset] of told) {
      const checkpoint = table?.get(shardIdOf(partition))?.['checkpoint']?.S ?? '';
      const position = parseSequenceNumber(checkpoint)?.position ?? -1n;
      if (position >= BigInt(offset)) continue;
      missing.push(`${follower.kind.name}: ${partition} at ${checkpoint}, told ${offset}`);
    }
  }
  return missing;
}

/** What a client that gives up tells its user of errors that can be tried again. */
const retriable = {
  kinesis: /^(?:ServiceUnavailable|InternalFailure)/,
  kafkajs: /^KafkaJSNumberOfRetriesExceeded/,
  member: /^(?:COORDINATOR_LOAD_IN_PROGRESS|REBALANCE_IN_PROGRESS|_TIMED_OUT|TimeoutException)$/,
};

function assertRetriable(what: string, told: readonly string[], expected: RegExp): void {
  const others = told.filter((each) => !expected.test(each));
  assert.deepEqual([...new Set(others)], [], `${what} got an error that is not retriable`);
}

function toldOf(members: readonly Member[]): readonly ReadonlyMap<number, number>[] {
  return members.map(({ follower }) => new Map(follower.committed));
}

/** Every record that was acknowledged is there, and every member reads all that is there. */
async function assertNothingLost(
  gateway: Gateway,
  stream: string,
  loads: readonly Load[],
  members: readonly Member[],
): Promise<void> {
  const values = await valuesOf(gateway.kinesis, stream);
  assert.deepEqual(lostOf(loads, values), []);
  for (const { follower } of members) {
    const seen = () => new Set(follower.records.map(({ value }) => value)).size === values.size;
    await follower.until(`all records at ${follower.kind.name}`, seen, waitMsMax);
    assert.equal(await follower.stop(), 0);
  }
}

test('DynamoDB is away for 20 s, and nothing acknowledged is missing', { timeout }, async (t) => {
  const { dynamodb, gateway, rows } = await startAll(t);
  const stream = await createStream(gateway.kinesis, shardCount);
  const loads = await startLoads(t, gateway, stream);
  const members = await startMembers(t, gateway, stream);
  await untilAllGoOn(loads);
  await untilCommitsGoOn(members);
  await dynamodb.kill9();
  // Not a wait for something: this long it is away.
  await delay(awayMs / 2);
  const told = toldOf(members);
  await delay(awayMs / 2);
  assert.deepEqual(toldOf(members), told, 'a commit was acknowledged without the table');
  await dynamodb.again();
  assert.deepEqual(await missingIn(rows, members), []);
  await untilAllGoOn(loads);
  await untilCommitsGoOn(members);
  assert.deepEqual(await missingIn(rows, members), []);
  for (const load of loads) await load.stop();
  await assertNothingLost(gateway, stream, loads, members);
  assert.deepEqual(await missingIn(rows, members), []);
  const [kinesis, kafkajs, java] = loads;
  assert.ok(kinesis!.failed.length > 0, 'nobody noticed');
  assertRetriable('the AWS SDK', kinesis!.failed, retriable.kinesis);
  assertRetriable('the producer of kafkajs', kafkajs!.failed, retriable.kafkajs);
  assert.deepEqual(java!.failed, [], 'the Java producer tries again by itself');
  for (const { follower } of members) {
    assertRetriable(follower.kind.name, follower.failed, retriable.member);
  }
});
