/** What operators see of queues: the command, the operations port and the metrics, which agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listing, shown } from '../../src/cli/groups.ts';
import type { GroupSummary } from '../../src/ports/group-reports.ts';
import type { QueueReport, QueueShardReport, QueueSummary } from '../../src/ports/queue-reports.ts';
import { sharedEngines } from '../support/engines.ts';
import { commandLine, type Gateway, startGateway } from '../support/gateway.ts';
import { doorAt } from '../support/gateways.ts';
import { run } from '../support/install.ts';
import {
  askWell,
  onDemandStream,
  putValues,
  QueueClient,
  queueOn,
  queueStatus,
  type ReceivedRecord,
  streamArn,
} from '../support/queue-client.ts';
import { queueIdOf } from '../support/queues.ts';
import { untilTrue } from '../support/until.ts';

await sharedEngines();

const timeout = 120_000;
const trimHorizon = { Type: 'TRIM_HORIZON' };
const values = (count: number) => Array.from({ length: count }, (_each, n) => `value-${n}`);

async function groupsCommand<T>(gateway: Gateway, ...words: readonly string[]): Promise<T> {
  const port = new URL(gateway.operations).port;
  const given = [...commandLine(), 'groups', ...words, '--json', '--ops-port', port];
  return JSON.parse(await run(process.execPath, given)) as T;
}

async function reportOf(gateway: Gateway, id: string): Promise<QueueReport> {
  const response = await fetch(`${gateway.operations}/groups/${id}`);
  assert.equal(response.status, 200);
  return (await response.json()) as QueueReport;
}

type Counted = Exclude<keyof QueueShardReport, 'shardId' | 'partition' | 'position'>;

function sumOf({ shards }: QueueReport, member: Counted): number {
  return shards.reduce((sum, shard) => sum + shard[member], 0);
}

const numbersOf = (report: QueueReport) =>
  (['inLog', 'again', 'inFlight', 'deadLetters', 'deadLettersInFlight'] as const).map((member) =>
    sumOf(report, member),
  );

async function receiveExactly(client: QueueClient, count: number, more = {}) {
  const received: ReceivedRecord[] = [];
  await untilTrue(`${count} records`, async () => {
    received.push(...(await client.receive({ Limit: Math.min(10, count), ...more })));
    return received.length >= count;
  });
  assert.equal(received.length, count);
  return received;
}

async function metricsOf(gateway: Gateway): Promise<string> {
  return (await fetch(`${gateway.operations}/metrics`)).text();
}

function untilReport(gateway: Gateway, id: string, numbers: readonly number[]): Promise<void> {
  return untilTrue(`${numbers.join()} of ${id}`, async () => {
    const found = numbersOf(await reportOf(gateway, id));
    return found.every((each, index) => each === numbers[index]);
  });
}

test('a queue is shown with what is visible, in flight and dead', { timeout }, async (t) => {
  const gateway = await startGateway(t);
  const door = doorAt(gateway.kinesis);
  const stream = await onDemandStream(door);
  // Kafka's locks hold what is received for the time of the queue; other times need rows.
  const DeadLetterConfiguration = { TargetType: 'BUILT_IN', MaxReceiveCount: 1 };
  const arn = await queueOn(door, stream, { VisibilityTimeoutSeconds: 50 });
  const dyingArn = await queueOn(door, stream, { DeadLetterConfiguration });
  const [id, dying] = [queueIdOf(arn), queueIdOf(dyingArn)];
  await putValues(door, stream, values(100));
  const client = new QueueClient(door, arn);

  await untilReport(gateway, id, [100, 0, 0, 0, 0]);
  const held = await receiveExactly(client, 20);
  await receiveExactly(client, 10, { VisibilityTimeoutSeconds: 600 });
  await untilReport(gateway, id, [90, 0, 10, 0, 0]);
  await client.acknowledge(held.slice(0, 10));
  await client.acknowledge(held.slice(10, 15));
  await untilReport(gateway, id, [75, 0, 10, 0, 0]);

  const report = await groupsCommand<QueueReport>(gateway, id);
  assert.deepEqual(
    [report.group, report.stream, report.status, report.shards.length],
    [id, stream, 'ACTIVE', 4],
  );
  assert.ok(id.startsWith(report.queue));
  assert.equal(sumOf(report, 'endOffset'), 100);
  assert.ok(report.shards.every(({ position }) => position !== null));
  assert.ok(shown(report).includes(`(${id}) of stream ${stream}, ACTIVE`));

  const letters = new QueueClient(door, dyingArn);
  await receiveExactly(letters, 5, { VisibilityTimeoutSeconds: 0 });
  await untilTrue('dead letters', async () => {
    await letters.receive({ Limit: 1, VisibilityTimeoutSeconds: 0 });
    return numbersOf(await reportOf(gateway, dying))[3]! >= 5;
  });
  await letters.receiveDead({ Limit: 2, VisibilityTimeoutSeconds: 600 });
  assert.equal(sumOf(await reportOf(gateway, dying), 'deadLettersInFlight'), 2);

  const listed = await groupsCommand<readonly (GroupSummary | QueueSummary)[]>(gateway);
  const own = listed.filter(({ group }) => group === id);
  assert.deepEqual(own, [
    {
      ...{ group: id, queue: report.queue, stream, shards: 4 },
      ...{ visible: 75, inFlight: 10, deadLetters: 0 },
    },
  ]);
  assert.ok(listing(listed).includes(id));
  const row = new RegExp(`^${id} +${report.queue} +${stream} +4 +75 +10 +0$`, 'm');
  assert.match(listing(listed), row);

  await untilTrue('no group with the id of a deleted queue', async () => {
    await door.ask('DeleteQueue', { QueueARN: dyingArn });
    return (await fetch(`${gateway.operations}/groups/${dying}`)).status === 404;
  });
});

test('metrics of queues over workers are those of one gateway', { timeout }, async (t) => {
  const gateway = await startGateway(t, { settings: { KINESKA_WORKERS: '2' } });
  const door = doorAt(gateway.kinesis);
  const stream = await onDemandStream(door);
  // Metrics have the first queues by id, and the cluster of the run has many.
  const QueueName = `0-${stream}`.slice(0, 60);
  const answer = await askWell(door, 'CreateQueue', {
    QueueName,
    QueueAttributes: { VisibilityTimeoutSeconds: 50 },
    StreamConfigurationList: [{ StreamARN: streamArn(stream), StartingPosition: trimHorizon }],
  });
  const { QueueARN: arn } = answer['QueueDescription'] as { QueueARN: string };
  await untilTrue('the queue', async () => (await queueStatus(door, arn)) === 'ACTIVE');
  await putValues(door, stream, values(40));
  const client = new QueueClient(door, arn);
  const received = [
    ...(await receiveExactly(client, 20)),
    ...(await receiveExactly(client, 10, { VisibilityTimeoutSeconds: 600 })),
  ];
  for (const from of [0, 5, 10]) await client.acknowledge(received.slice(from, from + 5));
  await receiveExactly(client, 10);
  for (let n = 0; n < 3; n += 1) assert.deepEqual(await client.receive(), []);
  const labels = `{queue="${queueIdOf(arn)}",name="${QueueName}"}`;
  const wanted = [
    `kineska_received_queue_records_total${labels} 40`,
    `kineska_acknowledged_queue_records_total${labels} 15`,
    `kineska_visible_queue_records${labels} 15`,
    `kineska_in_flight_queue_records${labels} 10`,
    `kineska_locked_queue_records${labels} 15`,
    `kineska_visible_dead_letter_queue_records${labels} 0`,
  ];
  await untilTrue(`the metrics of ${QueueName}`, async () => {
    const lines = (await metricsOf(gateway)).split('\n');
    return wanted.every((line) => lines.includes(line));
  });
  const empty = /^kineska_empty_receives_total\{queue="([^"]+)",.*\} (\d+)$/gm;
  const counted = [...(await metricsOf(gateway)).matchAll(empty)];
  const ownCounts = counted.filter(([, id]) => id === queueIdOf(arn));
  assert.equal(ownCounts.length, 1);
  assert.ok(Number(ownCounts[0]![2]) >= 3);
});
