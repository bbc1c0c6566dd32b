/** What is seen of groups: the command, the metrics, and Kafka's own tool, which agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listing, shown } from '../../src/cli/groups.ts';
import { kafkaClient, newName, untilResolved } from '../support/doors.ts';
import { commandLine, type Gateway, startGateway } from '../support/gateway.ts';
import { kafkaTool, run } from '../support/install.ts';
import { kclRow, openLeaseRows } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import { clusterAt, commitAccepted, filledStream } from '../support/groups.ts';
import type { GroupReport, GroupSummary } from '../../src/ports/group-reports.ts';

async function groupsCommand<T>(gateway: Gateway, ...words: readonly string[]): Promise<T> {
  const port = new URL(gateway.operations).port;
  const given = [...commandLine(), 'groups', ...words, '--json', '--ops-port', port];
  return JSON.parse(await run(process.execPath, given)) as T;
}

/** Rows of `kafka-consumer-groups --describe`, cells by the heads of their columns. */
function described(output: string): readonly Record<string, string>[] {
  const [head = [], ...rows] = output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
  return rows.map((row) => Object.fromEntries(row.map((cell, at) => [head[at] ?? '', cell])));
}

test('the command, the metrics and kafka-consumer-groups tell the same of a group', async (t) => {
  const gateway = await startGateway(t);
  const rows = await openLeaseRows(t, gateway.dynamodb);
  const { stream, shards, counts } = await filledStream(gateway, 200, 2);
  // Metrics have the first groups by name, and the cluster of the run has many.
  const groupId = `0-${newName()}`;
  const door = clusterAt(t, gateway.kafka);
  await commitAccepted(door, { groupId, topic: stream, partition: 1, offset: 4 });
  await rows.put(groupId, { ...kclRow(shards[0]!, 9), leaseOwner: { S: 'worker-9' } });

  const report = await groupsCommand<GroupReport>(gateway, groupId);
  assert.equal(report.group, groupId);
  assert.equal(report.table, groupId);
  const [first, second] = report.shards;
  const { lagMs, ...rest } = first!;
  assert.deepEqual(rest, {
    stream,
    shardId: 'shardId-000000000000',
    partition: 0,
    owner: 'worker-9',
    side: 'kcl',
    checkpoint: kclRow(shards[0]!, 9)['checkpoint']!.S,
    offset: 10,
    endOffset: counts.get(0),
    lagRecords: counts.get(0)! - 10,
  });
  assert.ok(lagMs! > 0);
  assert.deepEqual([second!.offset, second!.owner], [4, null]);
  assert.ok(shown(report).includes('worker-9'));

  const listed = await groupsCommand<readonly GroupSummary[]>(gateway);
  const summary = listed.find(({ group }) => group === groupId)!;
  const lag = counts.get(0)! + counts.get(1)! - 14;
  assert.equal(summary.lagRecords, lag);
  assert.deepEqual([summary.shards, summary.ownedByKcl, summary.ownedByKafka], [2, 1, 0]);
  assert.ok(listing(listed).includes(groupId));

  const tool = ['--bootstrap-server', gateway.kafka, '--describe', '--group', groupId];
  const command = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand';
  const told = described(await kafkaTool(command, tool));
  const offsets = told.map((row) => `${row['PARTITION']} ${row['CURRENT-OFFSET']} ${row['LAG']}`);
  assert.deepEqual(offsets.toSorted(), [`0 10 ${first!.lagRecords}`, `1 4 ${second!.lagRecords}`]);

  await untilTrue('metrics of the group', async () => {
    const text = await (await fetch(`${gateway.operations}/metrics`)).text();
    return text.includes(`kineska_group_lag_records{group="${groupId}"} ${lag}\n`);
  });
  const text = await (await fetch(`${gateway.operations}/metrics`)).text();
  assert.ok(text.includes(`kineska_group_shards{group="${groupId}",side="kcl"} 1`));
});

test('members of the Kafka group are shown with the shards that they hold', async (t) => {
  const gateway = await startGateway(t);
  const { stream } = await filledStream(gateway, 20, 2);
  const groupId = newName();
  const consumer = kafkaClient(gateway.kafka).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic: stream, fromBeginning: true });
  let memberId = '';
  await untilResolved(
    (resolve, reject) => {
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        memberId = payload.memberId;
        resolve();
      });
      consumer.run({ eachMessage: async () => undefined }).catch(reject);
    },
    () => 'the consumer has not joined',
  );
  const report = await groupsCommand<GroupReport>(gateway, groupId);
  assert.deepEqual(
    report.shards.map(({ owner, side }) => [owner?.endsWith(memberId), side]),
    [
      [true, 'kafka'],
      [true, 'kafka'],
    ],
  );
  await consumer.disconnect();
});

test('a group that nobody knows is told so', async (t) => {
  const gateway = await startGateway(t);
  const response = await fetch(new URL('/groups/no-such-group', gateway.operations));
  assert.equal(response.status, 404);
  assert.equal(listing([]), 'There are no groups.');
});
