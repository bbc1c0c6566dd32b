/** Names of groups that are no names of tables, or are one to DynamoDB Local. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from '../../adapters/kafka/cluster.ts';
import { parseSequenceNumber } from '../../src/domain/records/sequence-number.ts';
import {
  offsetFetchRequest,
  offsetFetchResponse,
} from '../../src/wire/messages/09-offset-fetch.ts';
import {
  deleteGroupsRequest,
  deleteGroupsResponse,
} from '../../src/wire/messages/42-delete-groups.ts';
import { newName } from '../support/doors.ts';
import { commandLine, type Gateway, startGateway } from '../support/gateway.ts';
import { run } from '../support/install.ts';
import { kclRow, openLeaseRows } from '../support/lease-rows.ts';
import { clusterAt, commitAccepted, filledStream } from '../support/groups.ts';
import type { GroupReport, GroupSummary } from '../../src/ports/group-reports.ts';

const fetchApi = { request: offsetFetchRequest, response: offsetFetchResponse };
const deleteApi = { request: deleteGroupsRequest, response: deleteGroupsResponse };
const shardId = 'shardId-000000000000';

async function committed(door: Cluster, groupId: string, topic: string): Promise<number> {
  const topics = [{ name: topic, partitionIndexes: [0] }];
  const answer = await door.request(fetchApi, { groups: [{ groupId, topics }] }, { versionMax: 8 });
  const [group] = answer.groups;
  const [partition] = group?.topics[0]?.partitions ?? [];
  assert.equal(group?.errorCode, 0, groupId);
  assert.equal(partition?.errorCode, 0, groupId);
  return Number(partition.committedOffset);
}

/** Answers Kafka's error codes, by group. */
async function deleted(door: Cluster, groups: readonly string[]) {
  const { results } = await door.request(deleteApi, { groupsNames: [...groups] });
  return new Map(results.map(({ groupId, errorCode }) => [groupId, errorCode]));
}

async function show<T>({ operations }: Gateway, groupId?: string): Promise<T> {
  const url = new URL('/groups', operations);
  if (groupId !== undefined) url.searchParams.set('group', groupId);
  return (await (await fetch(url)).json()) as T;
}

async function groupsKnownTo(gateway: Gateway): Promise<ReadonlySet<string>> {
  const listed = await show<readonly GroupSummary[]>(gateway);
  return new Set(listed.map(({ group }) => group));
}

test('groups whose names differ in case only have a table each, here as on AWS', async (t) => {
  const gateway = await startGateway(t);
  const rows = await openLeaseRows(t, gateway.dynamodb);
  const { stream, shards } = await filledStream(gateway, 20, 1);
  const suffix = newName();
  const groups = ['orders', 'Orders', 'ORDERS'].map((name) => `${name}-${suffix}`);
  const [small = '', capital = '', loud = ''] = groups;
  const door = clusterAt(t, gateway.kafka);
  for (const [at, groupId] of groups.entries()) {
    await commitAccepted(door, { groupId, topic: stream, partition: 0, offset: at + 3 });
  }
  const tables: string[] = [];
  for (const [at, groupId] of groups.entries()) {
    const report = await show<GroupReport>(gateway, groupId);
    assert.equal(report.shards[0]?.offset, at + 3);
    tables.push(String(report.table));
    const checkpoint = (await rows.all(String(report.table)))?.get(shardId)?.['checkpoint']?.S;
    assert.equal(parseSequenceNumber(checkpoint ?? '')?.position, BigInt(at + 3));
  }
  // The first has the name, as a KCL application would have it.
  assert.equal(tables[0], small);
  assert.equal(new Set(tables.map((name) => name.toLowerCase())).size, 3);
  const known = await groupsKnownTo(gateway);
  for (const groupId of groups) assert.ok(known.has(groupId), groupId);
  for (const name of tables.slice(1)) assert.ok(!known.has(name), name);

  // Another gateway finds the same tables, and what was done in them.
  const other = clusterAt(t, (await startGateway(t)).kafka);
  const { checkpoint } = kclRow(shards[0]!, 9);
  await rows.set(tables[1]!, shardId, { checkpoint: checkpoint! });
  for (const [groupId, offset] of [
    [small, 3],
    [capital, 10],
    [loud, 5],
  ] as const) {
    assert.equal(await committed(other, groupId, stream), offset);
  }

  // One that is deleted takes no other's table with it.
  assert.equal((await deleted(door, [small])).get(small), 0);
  assert.equal(await rows.all(small), undefined);
  for (const each of [door, other]) {
    assert.equal(await committed(each, capital, stream), 10);
    assert.equal(await committed(each, loud, stream), 5);
  }
  assert.equal((await deleted(other, [capital])).get(capital), 0);
  assert.equal(await rows.all(tables[1]!), undefined);
  assert.equal(await committed(door, capital, stream), -1);
});

test('the table that a KCL application makes under the name of a group is its table', async (t) => {
  const gateway = await startGateway(t);
  const rows = await openLeaseRows(t, gateway.dynamodb);
  const { stream, shards } = await filledStream(gateway, 20, 1);
  const suffix = newName();
  const [first, second] = [`billing-${suffix}`, `Billing-${suffix}`];
  const door = clusterAt(t, gateway.kafka);
  for (const groupId of [first, second]) {
    await commitAccepted(door, { groupId, topic: stream, partition: 0, offset: 3 });
  }
  assert.equal(await rows.all(second), undefined);
  assert.equal((await deleted(door, [first])).get(first), 0);
  // Its name is free now, and the KCL application of the second group comes.
  await rows.make(second);
  await rows.put(second, kclRow(shards[0]!, 7));
  assert.equal(await committed(door, second, stream), 8);
});

const suffix = newName();
/** Names that mean something to AWS's SDKs, HTTP, JavaScript, DynamoDB or the gateway itself. */
const oddGroups = [
  ...['a', '.', '..', '...', '/', 'a b/c', 'ä', '*', '%2e%2e', '?', '#', '"\\\n\t', '\u001b[2J'],
  ...['__proto__', 'constructor', 'kineska-streams', 'KINESKA-streams', 'x'.repeat(255)],
  ...['x'.repeat(256), 'X'.repeat(300), 'app-CoordinatorState', 'app-WorkerMetricStats'],
  ...['kineska-group.a', 'kineska-group-case.a', 'Kineska-Group-Hash.a', 'kineska-group.'],
].map((name) => (name.length > 250 ? suffix.padStart(name.length, name) : name));

test('whatever a group is called, it commits, resumes, is shown and is deleted', async (t) => {
  const gateway = await startGateway(t);
  const rows = await openLeaseRows(t, gateway.dynamodb);
  const { stream } = await filledStream(gateway, 20, 1);
  const door = clusterAt(t, gateway.kafka);
  const tables = new Set<string>();
  // Kafka lets a consumer that is in no group commit without a name, and deletes no such group.
  const groups = ['', ...oddGroups];
  for (const [at, groupId] of groups.entries()) {
    const offset = (at % 15) + 1;
    await commitAccepted(door, { groupId, topic: stream, partition: 0, offset });
    assert.equal(await committed(door, groupId, stream), offset, groupId);
    const report = await show<GroupReport>(gateway, groupId);
    assert.equal(report.group, groupId);
    assert.ok(report.shards.some((shard) => shard.stream === stream && shard.offset === offset));
    const table = String(report.table);
    tables.add(table.toLowerCase());
    const keys = [...((await rows.all(table))?.keys() ?? [])];
    // Of several streams where another test has used the name, too.
    const isOwn = (key: string) => key === shardId || key.includes(`:${stream}:`);
    assert.ok(keys.some(isOwn), `${groupId} in ${table}`);
  }
  assert.equal(tables.size, groups.length);
  const known = await groupsKnownTo(gateway);
  for (const groupId of groups) assert.ok(known.has(groupId), JSON.stringify(groupId));

  const port = new URL(gateway.operations).port;
  const command = (...words: readonly string[]) =>
    run(process.execPath, [...commandLine(), 'groups', ...words, '--ops-port', port]);
  const dots = await command('..', '--json');
  assert.equal((JSON.parse(dots) as GroupReport).group, '..');
  const listing = await command();
  assert.ok(listing.includes('"\\\\x0a\\x09') && listing.includes('\\x1b[2J'));

  const codes = await deleted(door, oddGroups);
  for (const groupId of oddGroups) assert.equal(codes.get(groupId), 0, JSON.stringify(groupId));
  const left = await groupsKnownTo(gateway);
  for (const groupId of oddGroups) assert.ok(!left.has(groupId), JSON.stringify(groupId));
});
