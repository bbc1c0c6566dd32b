/**
 * Share consumers of Kafka beside receivers of the Kinesis API, on one queue: the id of the queue,
 * the last part of its ARN, is the id of the share group.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { doorAt } from '../support/gateways.ts';
import { installClients, kafkaCommandLine, python } from '../support/install.ts';
import { type Program, startProgram } from '../support/program.ts';
import {
  onDemandStream,
  putValues,
  QueueClient,
  queueOn,
  type ReceivedRecord,
  textOf,
} from '../support/queue-client.ts';
import { queueIdOf } from '../support/queues.ts';
import { untilTrue } from '../support/until.ts';

await Promise.all([sharedEngines(), installClients()]);

const timeout = 240_000;
/** Java starts slowly, and members get partitions with a heartbeat. */
const partTimeoutMs = 120_000;
const count = 3_000;
const atOnce = 100;
const entriesMax = 10;

type Drawn = { readonly value: string; readonly count: number };

/** A share consumer that runs beside the test, and what it has said of the records it had. */
type Member = Program & { drawn(): readonly Drawn[] };

type Verdict = 'accept' | 'release';

const named = (prefix: string, length: number) =>
  Array.from({ length }, (_each, n) => `${prefix}-${n}`);
const valuesOf = (drawn: readonly Drawn[]) => drawn.map(({ value }) => value);

function startMember(t: TestContext, command: readonly [string, ...string[]]): Member {
  const program = startProgram(t, command, { endsWithInput: true });
  const drawn = () => {
    const lines = program.output().split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Drawn);
  };
  return { ...program, drawn };
}

async function stopAll(members: readonly Member[]): Promise<void> {
  for (const each of members) assert.equal(await each.stop(), 0, each.output().slice(-4_000));
}

async function openQueues(t: TestContext) {
  const { kafka, kinesis } = await startGateway(t);
  const door = doorAt(kinesis);
  return async () => {
    const stream = await onDemandStream(door);
    const arn = await queueOn(door, stream, { VisibilityTimeoutSeconds: 30 });
    const address = [stream, queueIdOf(arn)];
    return {
      client: new QueueClient(door, arn),
      put: (values: readonly string[]) => putValues(door, stream, values),
      async java(verdict: Verdict, ...more: string[]) {
        const given = ['draw', kafka, ...address, verdict, ...more];
        return startMember(t, await kafkaCommandLine(given));
      },
      async confluent() {
        const program = 'test/clients/python/share_member.py';
        return startMember(t, [await python(), program, kafka, ...address]);
      },
    };
  };
}

type Open = Awaited<ReturnType<typeof openQueues>>;

async function acknowledge(client: QueueClient, records: readonly ReceivedRecord[]) {
  for (let from = 0; from < records.length; from += entriesMax) {
    const { Failed } = await client.acknowledge(records.slice(from, from + entriesMax));
    assert.deepEqual(Failed, []);
  }
}

/** Receives and acknowledges until it is stopped. */
function startReceiver(client: QueueClient) {
  const received: ReceivedRecord[] = [];
  let isStopped = false;
  const run = async (): Promise<void> => {
    while (!isStopped) {
      const records = await client.receive();
      received.push(...records);
      await acknowledge(client, records);
    }
  };
  const running = run();
  // It is reported when it is stopped.
  running.catch(() => undefined);
  return {
    received,
    stop() {
      isStopped = true;
      return running;
    },
  };
}

async function receiveAll(client: QueueClient, wanted: number) {
  const received: ReceivedRecord[] = [];
  await untilTrue(`${wanted} records`, async () => {
    received.push(...(await client.receive()));
    return received.length >= wanted;
  });
  return received;
}

async function sharesRecords(t: TestContext, open: Open): Promise<void> {
  const queue = await open();
  const members = [await queue.java('accept'), await queue.confluent()];
  const receivers = Array.from({ length: 3 }, () => startReceiver(queue.client));
  const sides = () => [
    ...members.map((each) => valuesOf(each.drawn())),
    ...receivers.map(({ received }) => received.map(textOf)),
  ];
  const values: string[] = [];
  await untilTrue(
    'records for everyone',
    async () => {
      const more = named(`part${values.length}`, atOnce);
      values.push(...more);
      await queue.put(more);
      return values.length >= count && sides().every((side) => side.length > 0);
    },
    partTimeoutMs,
  );
  await untilTrue('all records', () => sides().flat().length >= values.length);
  await stopAll(members);
  for (const each of receivers) await each.stop();
  t.diagnostic(
    `each had ${sides()
      .map((side) => side.length)
      .join()} of ${values.length}`,
  );
  assert.deepEqual(sides().flat().toSorted(), values.toSorted());
  const counts = [
    ...members.flatMap((each) => each.drawn().map((drawn) => drawn.count)),
    ...receivers.flatMap(({ received }) => received.map((each) => each.ReceiveCount)),
  ];
  assert.ok(counts.every((each) => each === 1));
}

async function receivesReleased(open: Open): Promise<void> {
  const queue = await open();
  const values = named('back', 20);
  await queue.put(values);
  const member = await queue.java('release', '20');
  await member.until('20 releases', () => member.drawn().length >= 20, partTimeoutMs);
  const received = await receiveAll(queue.client, 20);
  await acknowledge(queue.client, received);
  await stopAll([member]);
  assert.deepEqual(received.map(textOf).toSorted(), values.toSorted());
  const drawn = valuesOf(member.drawn());
  for (const record of received) {
    const before = drawn.filter((value) => value === textOf(record)).length;
    assert.equal(record.ReceiveCount, before + 1, textOf(record));
  }
  assert.ok(received.some(({ ReceiveCount }) => ReceiveCount === 2));
}

test('share consumers of Kafka beside receivers of a queue', { timeout }, async (t) => {
  const open = await openQueues(t);
  await t.test('each record goes to one of them', (part) => sharesRecords(part, open));
  await t.test('what a member releases is received, and counted', () => receivesReleased(open));
});
