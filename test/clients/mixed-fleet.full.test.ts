/**
 * KCL workers and members of the Kafka group of that name at the same time: each shard is worked on
 * by one side, and what one side leaves the other takes.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type LeaseRows, openLeaseRows } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import { createStream, kafkaClient, kinesisClient } from '../support/doors.ts';
import { KclApplication, type KclKind, putNumbered } from '../support/programs/kcl.ts';

await sharedEngines();

const kinds: readonly KclKind[] = [
  { program: 'kcl2', mode: 'polling', scheme: 'https' },
  { program: 'kcl3', mode: 'polling', scheme: 'http' },
];
const timeout = 600_000;
const waitMsMax = 120_000;
const shardCount = 4;
const step = 400;
// As the workers of the tests have it.
const settings = { KINESKA_LIMITS: 'off', KINESKA_LEASE_FAILOVER_MS: '3000' };

async function startMember(t: TestContext, { kafka }: Gateway, groupId: string, topic: string) {
  const consumer = kafkaClient(kafka).consumer({ groupId, heartbeatInterval: 500 });
  const values: string[] = [];
  let partitions = 0;
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    partitions = payload.memberAssignment[topic]?.length ?? 0;
  });
  t.after(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
    values.push(String(message.value));
  };
  await consumer.run({ autoCommitThreshold: 1, eachMessage });
  return { consumer, values, holds: () => partitions };
}

/** How many leases each side owns. */
async function ownersIn(rows: LeaseRows, table: string): Promise<{ kcl: number; kafka: number }> {
  const leases = [...((await rows.all(table)) ?? [])].filter(([key]) => key.startsWith('shardId-'));
  const owners = leases.map(([, row]) => row['leaseOwner']?.S ?? '');
  const kafka = owners.filter((owner) => owner.startsWith('kafka/')).length;
  return { kafka, kcl: owners.filter((owner) => owner.startsWith('worker-')).length };
}

async function shareAndTakeOver(t: TestContext, gateway: Gateway, kind: KclKind) {
  const kinesis = kinesisClient(gateway.kinesis);
  const rows = await openLeaseRows(t, gateway.dynamodb);
  const stream = await createStream(gateway.kinesis, shardCount);
  const application = await KclApplication.over(t, gateway, stream, kind);
  const { name } = application;
  let put = 0;
  const putStep = async () => {
    await putNumbered(kinesis, stream, put, put + step);
    put += step;
  };
  const owned = (kcl: number, kafka: number) =>
    untilTrue(
      `${kcl} leases of KCL and ${kafka} of Kafka`,
      async () => {
        const owners = await ownersIn(rows, name);
        return owners.kcl === kcl && owners.kafka === kafka;
      },
      waitMsMax,
    );
  const first = application.startWorker();
  await putStep();
  await application.untilSeen(step);
  await owned(shardCount, 0);
  const member = await startMember(t, gateway, name, stream);
  const seen = () => {
    const ofKcl = application.records.map(({ value }) => Buffer.from(value, 'base64').toString());
    return new Set([...ofKcl, ...member.values]);
  };
  const allSeen = () =>
    untilTrue(`${put} records to be seen`, () => seen().size === put, waitMsMax);
  await owned(2, 2);
  await putStep();
  await allSeen();
  // What KCL leaves the member takes; a worker that is killed leaves it in its time.
  await (kind.program === 'kcl2' ? first.kill9() : first.stop());
  await putStep();
  await allSeen();
  await untilTrue('all shards of the member', () => member.holds() === shardCount, waitMsMax);
  const readByKafka = member.values.length;
  assert.ok(readByKafka >= step);
  // And the other way round.
  application.startWorker();
  await owned(2, 2);
  await putStep();
  await allSeen();
  await member.consumer.disconnect();
  await owned(shardCount, 0);
  await putStep();
  await allSeen();
  await application.stop();
  kinesis.destroy();
}

test(
  'KCL workers and Kafka members share the shards',
  { timeout, concurrency: true },
  async (t) => {
    const gateway = await startGateway(t, { settings });
    await Promise.all(
      kinds.map((kind) =>
        t.test(kind.program, { timeout }, (inner) => shareAndTakeOver(inner, gateway, kind)),
      ),
    );
  },
);
