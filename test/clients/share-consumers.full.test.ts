/**
 * Share consumers of Kafka beside receivers of the Kinesis API, on one queue: the id of the queue,
 * the last part of its ARN, is the id of the share group.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { uniformRound } from '../../src/domain/streams/reshard.ts';
import { newName } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { doorAt, openGateway } from '../support/gateways.ts';
import { installClients, kafkaCommandLine, python } from '../support/install.ts';
import { type Program, startProgram } from '../support/program.ts';
import {
  onDemandStream,
  putValues,
  QueueClient,
  queueOn,
  queueStatus,
  type ReceivedRecord,
  textOf,
} from '../support/queue-client.ts';
import {
  shareGroupDescribeRequest,
  shareGroupDescribeResponse,
} from '../../src/wire/messages/77-share-group-describe.ts';
import { queueIdOf, untilQueueGone } from '../support/queues.ts';
import { untilActive } from '../support/resharding.ts';
import { untilTrue } from '../support/until.ts';

await Promise.all([sharedEngines(), installClients()]);

const describeApi = { request: shareGroupDescribeRequest, response: shareGroupDescribeResponse };
const timeout = 240_000;
/** Java starts slowly, and members get partitions with a heartbeat. */
const partTimeoutMs = 120_000;
const count = 2_000;
const atOnce = 100;
const entriesMax = 10;

type Drawn = { readonly value: string; readonly count: number };

/** A share consumer that runs beside the test, and what it has said of the records it had. */
type Member = Program & { drawn(): readonly Drawn[] };

type Verdict = 'accept' | 'reject' | 'release';

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
  const table = `catalog-${newName()}`;
  const inside = await openGateway(t, table);
  const settings = { KINESKA_CATALOG_TABLE: table };
  const { kafka, kinesis } = await startGateway(t, { settings });
  const door = doorAt(kinesis);
  return async (attributes: object = {}) => {
    const stream = await onDemandStream(door);
    const arn = await queueOn(door, stream, { VisibilityTimeoutSeconds: 30, ...attributes });
    const address = [stream, queueIdOf(arn)];
    return {
      ...{ door, stream, arn, client: new QueueClient(door, arn) },
      put: (values: readonly string[]) => putValues(door, stream, values),
      /** As on-demand streams are scaled. */
      async scale(target: number): Promise<void> {
        await inside.reshardings.begin(stream, (now) => {
          return { round: uniformRound(now, target), target };
        });
        await untilActive(door, stream);
      },
      /** The group has members, and they have partitions. */
      async untilStable(): Promise<void> {
        await untilTrue('members in the group', async () => {
          const asked = { groupIds: [address[1]!], includeAuthorizedOperations: false };
          const { groups } = await inside.cluster.request(describeApi, asked);
          return groups[0]?.groupState === 'Stable';
        });
      },
      async java(verdict: Verdict, [topic, group] = address, ...more: string[]) {
        const given = ['draw', kafka, topic!, group!, verdict, ...more];
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

async function receiveAll(client: QueueClient, wanted: number, more = {}) {
  const received: ReceivedRecord[] = [];
  await untilTrue(`${wanted} records`, async () => {
    received.push(...(await client.receive(more)));
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
      if (sides().flat().length < values.length) return false;
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
  const member = await queue.java('release', undefined, '20');
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

async function drawsForgotten(open: Open): Promise<void> {
  const queue = await open({ VisibilityTimeoutSeconds: 5 });
  const values = named('forgotten', 40);
  await queue.put(values);
  const forgotten = await receiveAll(queue.client, 40);
  assert.ok(forgotten.every(({ ReceiveCount }) => ReceiveCount === 1));
  const member = await queue.java('accept');
  const receiver = startReceiver(queue.client);
  const again = () => [...valuesOf(member.drawn()), ...receiver.received.map(textOf)];
  await member.until('all of them again', () => again().length >= 40, partTimeoutMs);
  await receiver.stop();
  await stopAll([member]);
  assert.deepEqual(again().toSorted(), values.toSorted());
  assert.ok(member.drawn().every((each) => each.count === 2));
  assert.ok(receiver.received.every(({ ReceiveCount }) => ReceiveCount === 2));
}

async function archivesRejected(open: Open): Promise<void> {
  const queue = await open({
    DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 2 },
  });
  await queue.put(named('rejected', 20));
  const member = await queue.java('reject');
  await member.until('20 rejections', () => member.drawn().length >= 20, partTimeoutMs);
  await stopAll([member]);
  await queue.put(['after']);
  const received = await receiveAll(queue.client, 1);
  assert.deepEqual(received.map(textOf), ['after']);
  assert.deepEqual(await queue.client.receive(), []);
  assert.deepEqual(await queue.client.receiveDead(), []);
}

/** Records that are received with a time of their own have rows, as have dead letters. */
async function keepsRows(open: Open): Promise<void> {
  const queue = await open({
    DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 2 },
  });
  await queue.put(['live', 'dead']);
  const first = await receiveAll(queue.client, 2, { VisibilityTimeoutSeconds: 600 });
  const member = await queue.java('accept');
  const [dead] = first.filter((each) => textOf(each) === 'dead');
  assert.deepEqual((await queue.client.extend([dead!], 0)).Failed, []);
  const [again] = await receiveAll(queue.client, 1, { VisibilityTimeoutSeconds: 600 });
  assert.equal(textOf(again!), 'dead');
  assert.deepEqual((await queue.client.extend([again!], 0)).Failed, []);
  const [live] = first.filter((each) => textOf(each) === 'live');
  assert.deepEqual((await queue.client.extend([live!], 0)).Failed, []);
  // Both are visible, and nothing but the member would take them now.
  await queue.put(named('after', 40));
  await member.until('what was put after', () => member.drawn().length >= 40, partTimeoutMs);
  const [received] = await receiveAll(queue.client, 1);
  assert.deepEqual([textOf(received!), received!.ReceiveCount], ['live', 2]);
  const letters: ReceivedRecord[] = [];
  await untilTrue('the dead letter', async () => {
    letters.push(...(await queue.client.receiveDead()));
    return letters.length > 0;
  });
  assert.deepEqual(letters.map(textOf), ['dead']);
  await stopAll([member]);
  assert.deepEqual(valuesOf(member.drawn()).toSorted(), named('after', 40).toSorted());
}

async function reachesNewShards(open: Open): Promise<void> {
  const queue = await open();
  const members = [await queue.java('accept'), await queue.confluent()];
  const receivers = Array.from({ length: 2 }, () => startReceiver(queue.client));
  const had = () => [
    members.flatMap((each) => valuesOf(each.drawn())),
    receivers.flatMap(({ received }) => received.map(textOf)),
  ];
  const values: string[] = [];
  const putUntilBothHad = (prefix: string) =>
    untilTrue(`${prefix} on both sides`, async () => {
      const more = named(`${prefix}${values.length}`, atOnce);
      values.push(...more);
      await queue.put(more);
      return had().every((side) => side.some((value) => value.startsWith(prefix)));
    });
  await putUntilBothHad('before');
  const scaling = queue.scale(8);
  await putUntilBothHad('during');
  await scaling;
  // All open shards are new ones now.
  await putUntilBothHad('after');
  await untilTrue('all records', () => had().flat().length >= values.length);
  await stopAll(members);
  for (const each of receivers) await each.stop();
  assert.deepEqual(had().flat().toSorted(), values.toSorted());
}

/** Kafka sets no position for it then, and takes none from the gateway. */
async function survivesStrangers(open: Open): Promise<void> {
  const [queue, other] = [await open(), await open()];
  const stranger = await queue.java('accept', [other.stream, queueIdOf(queue.arn)]);
  await queue.put(named('before', 40));
  await queue.untilStable();
  await queue.scale(8);
  await queue.put(named('after', 40));
  const received = await receiveAll(queue.client, 40);
  await acknowledge(queue.client, received);
  await stopAll([stranger]);
  const later = await receiveAll(queue.client, 40);
  assert.deepEqual(received.map(textOf).toSorted(), named('before', 40).toSorted());
  assert.deepEqual(later.map(textOf).toSorted(), named('after', 40).toSorted());
}

async function isDeletedWithoutMembers(open: Open): Promise<void> {
  const queue = await open();
  const member = await queue.java('accept');
  await queue.put(named('before', 40));
  await member.until('some records', () => member.drawn().length > 0, partTimeoutMs);
  const received = await queue.client.receive({ WaitTimeSeconds: 1 });
  await acknowledge(queue.client, received);
  assert.equal(await queue.door.ask('DeleteQueue', { QueueARN: queue.arn }), undefined);
  await untilTrue('receivers to be refused', async () => {
    const answer = await queue.door.ask('ReceiveQueueRecords', { QueueARN: queue.arn });
    return answer['__type'] === 'ResourceNotFoundException';
  });
  await queue.put(['later']);
  await member.until(
    'what was put later',
    () => valuesOf(member.drawn()).includes('later'),
    partTimeoutMs,
  );
  assert.equal(await queueStatus(queue.door, queue.arn), 'DELETING');
  await stopAll([member]);
  await untilQueueGone(queue.door, queue.arn);
}

test(
  'share consumers of Kafka beside receivers of a queue',
  { timeout, concurrency: 4 },
  async (t) => {
    const open = await openQueues(t);
    const parts: Readonly<Record<string, (t: TestContext, open: Open) => Promise<void>>> = {
      'each record goes to one of them': sharesRecords,
      'what a member releases is received, and counted': (_t, each) => receivesReleased(each),
      'what a receiver forgets comes to either side': (_t, each) => drawsForgotten(each),
      'what a member rejects is archived, and no dead letter': (_t, each) => archivesRejected(each),
      'members see neither rows nor dead letters': (_t, each) => keepsRows(each),
      'records of new shards reach both sides': (_t, each) => reachesNewShards(each),
      'members that subscribe to something else only delay new shards': (_t, each) =>
        survivesStrangers(each),
      'the queue is DELETING until the members have left': (_t, each) =>
        isDeletedWithoutMembers(each),
    };
    // Most of their time is waiting for members to join.
    await Promise.all(
      Object.entries(parts).map(([what, does]) => t.test(what, (part) => does(part, open))),
    );
  },
);
