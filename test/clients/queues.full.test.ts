/**
 * A queue under everything at once: boto3 receivers over two gateways that acknowledge, extend,
 * give back and forget, while gateways, the broker and DynamoDB are killed. (Shards of on-demand
 * streams are not split by calls; test/clients/share-consumers.full.test.ts adds some.)
 * What must hold is judged by the log of the receivers' calls alone.
 *
 * QUEUE_RECORDS=100000 QUEUE_SEED=1
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  assertEnds,
  historiesOf,
  type QueueLine,
  type Violation,
  violationsIn,
} from '../support/checks/queue-history.ts';
import { dynamodbOnDisk } from '../support/dynamodb-on-disk.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Door, doorAt } from '../support/gateways.ts';
import { installClients, python } from '../support/install.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import { type Program, startProgram } from '../support/program.ts';
import { onDemandStream, QueueClient, queueOn, textOf } from '../support/queue-client.ts';
import { untilTrue } from '../support/until.ts';

await installClients();

const timeout = 1_100_000;
const count = Number(process.env['QUEUE_RECORDS'] ?? 100_000);
const seed = Number(process.env['QUEUE_SEED'] ?? 1);
const rules = { visibilitySeconds: 3, receivesMax: 6, clockMs: 250 };
const poisonEvery = 1_000;
const programs = 4;
const threadsEach = 4;
const putAtOnce = 250;
const drainedMsMax = 600_000;
/** Longer than any visibility timeout of the receivers. */
const quietMs = 15_000;

const startsMax = 5;
const disturbedPart = 0.9;
const handlesIn = /"handle": /g;

type Kill = { readonly what: string; readonly atMs: number };

/** Puts every value at least once: a put whose outcome is unknown is made again. */
async function putAll(doors: readonly Door[], StreamName: string, isOver: () => boolean) {
  const values: string[] = [];
  for (let from = 0; from < count && !isOver(); from += putAtOnce) {
    const part = Array.from({ length: Math.min(putAtOnce, count - from) }, (_each, n) => n + from);
    let left = part.map((n) => `value.${n}`);
    values.push(...left);
    for (let attempt = 0; left.length > 0; attempt += 1) {
      const Records = left.map((value) => {
        return { PartitionKey: value, Data: Buffer.from(value).toString('base64') };
      });
      try {
        const answer = await doors[attempt % 2]!.ask('PutRecords', { StreamName, Records });
        const results = answer['Records'] as { SequenceNumber?: string }[] | undefined;
        left = left.filter((_value, index) => results?.[index]?.SequenceNumber === undefined);
      } catch {
        // The gateway is down.
      }
      if (left.length > 0) await delay(200);
    }
  }
  return values;
}

function linesIn(receivers: readonly Program[]): QueueLine[] {
  return receivers.flatMap((each) =>
    each
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as QueueLine),
  );
}

/** How many deliveries there were so far. */
function receivedIn(receivers: readonly Program[]): number {
  return receivers.reduce((sum, each) => sum + (each.output().match(handlesIn)?.length ?? 0), 0);
}

async function startAll(t: TestContext) {
  const [dynamodb, cluster] = await Promise.all([
    dynamodbOnDisk(t),
    startKafkaCluster(t, { count: 1, properties: () => ({ 'min.insync.replicas': '1' }) }),
  ]);
  const settings = {
    KINESKA_DYNAMODB_ENDPOINT: dynamodb.endpoint,
    KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap,
  };
  const gateways = await Promise.all([
    startGateway(t, { settings }),
    startGateway(t, { settings }),
  ]);
  return { dynamodb, broker: cluster.brokers[0]!, gateways };
}

async function killGateway(gateways: Gateway[], nth: number): Promise<void> {
  const { child } = gateways[nth]!;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
  // It does not start while the broker or DynamoDB is down.
  for (let attempt = 1; ; attempt += 1) {
    try {
      gateways[nth] = await gateways[nth]!.again();
      return;
    } catch (error) {
      if (attempt >= startsMax) throw error;
    }
  }
}

/** A violation is Kafka's own rule if the broker, which forgets locks, was killed in between. */
function isForgotten({ detail }: Violation, kills: readonly Kill[]): boolean {
  const { earlier, later } = JSON.parse(detail) as Record<string, { start: number; end: number }>;
  if (earlier === undefined || later === undefined) return false;
  return kills.some(
    ({ what, atMs }) => what === 'broker' && earlier.start <= atMs && atMs <= later.end,
  );
}

test(`${count} records, ${programs * threadsEach} receivers`, { timeout }, async (t) => {
  const { dynamodb, broker, gateways } = await startAll(t);
  const doors = gateways.map(({ kinesis }) => doorAt(kinesis));
  const stream = await onDemandStream(doors[0]!);
  const attributes = {
    VisibilityTimeoutSeconds: rules.visibilitySeconds,
    DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: rules.receivesMax },
  };
  const arn = await queueOn(doors[0]!, stream, attributes);
  const urls = gateways.map(({ kinesis }) => kinesis).join();
  const command = await python();
  const receivers = Array.from({ length: programs }, (_each, n) => {
    const given = [urls, arn, String(threadsEach), String(seed * 10 + n), String(poisonEvery)];
    const program = 'test/clients/python/queue_receivers.py';
    return startProgram(t, [command, program, ...given], { endsWithInput: true });
  });
  let isOver = false;
  const putting = putAll(doors, stream, () => isOver);
  const kills: Kill[] = [];
  const disturb = async (): Promise<void> => {
    for (let nth = 1; !isOver; nth += 1) {
      await delay(4_000);
      kills.push({ what: `gateway ${nth % 2}`, atMs: Date.now() });
      await killGateway(gateways, nth % 2);
      if (nth % 6 === 0) {
        kills.push({ what: 'dynamodb', atMs: Date.now() });
        await dynamodb.kill9();
        await dynamodb.again();
      }
      if (nth % 9 === 0) {
        kills.push({ what: 'broker', atMs: Date.now() });
        await broker.kill9();
        await broker.again();
      }
    }
  };
  const disturbing = disturb();
  const values = await putting;
  // The disturbances continue until most records are done with.
  const isNearlyDone = () => receivedIn(receivers) >= count * disturbedPart;
  await untilTrue('most records to be received', isNearlyDone, drainedMsMax);
  isOver = true;
  await disturbing;
  let seen = -1;
  let seenAtMs = Date.now();
  const isQuiet = async () => {
    const received = receivedIn(receivers);
    if (received !== seen) [seen, seenAtMs] = [received, Date.now()];
    await delay(1_000);
    return Date.now() - seenAtMs > quietMs;
  };
  await untilTrue('nothing to come any more', isQuiet, drainedMsMax);
  for (const each of receivers) assert.equal(await each.stop(), 0, each.output().slice(-2_000));
  const client = new QueueClient(doors[1]!, arn);
  const dead = new Set<string>();
  for (let empty = 0; empty < 3;) {
    const letters = await client.receiveDead({ VisibilityTimeoutSeconds: 600 });
    for (const letter of letters) dead.add(textOf(letter));
    empty = letters.length === 0 ? empty + 1 : 0;
  }
  const lines = linesIn(receivers);
  const histories = historiesOf(lines, rules);
  const violations = violationsIn(histories, rules);
  const forgotten = violations.filter((each) => isForgotten(each, kills));
  t.diagnostic(`${lines.length} calls, ${histories.size} records, ${dead.size} dead`);
  t.diagnostic(`killed: ${kills.map(({ what }) => what).join()}`);
  t.diagnostic(`Kafka forgot the locks of ${forgotten.length} deliveries`);
  assert.deepEqual(
    violations.filter((each) => !isForgotten(each, kills)),
    [],
  );
  assertEnds(values, histories, dead);
});
