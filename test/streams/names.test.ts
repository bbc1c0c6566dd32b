/** Names that AWS allows and Kafka forbids, keeps for itself, or takes for another. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import kafkajs from 'kafkajs';
import type { Stream } from '../../src/domain/streams/stream.ts';
import type { StreamCatalog } from '../../src/ports/stream-catalog.ts';
import { sharedEngines } from '../support/engines.ts';
import { untilTrue } from '../support/until.ts';
import { createTopics } from '../support/create-topics.ts';
import { type Body, type Gateway, openGateway } from '../support/gateways.ts';

const { kafkaBootstrap } = await sharedEngines();
const internal = [
  ...['__consumer_offsets', '__transaction_state', '__share_group_state'],
  ...['__remote_log_metadata', '__cluster_metadata', '__kineska_queues'],
];
const invalid = (message: string): Body => ({ __type: 'InvalidArgumentException', message });

/** With topics that go with the test. */
async function openAdmin(t: TestContext, topics: readonly string[] = []): Promise<kafkajs.Admin> {
  const brokers = [kafkaBootstrap];
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  t.after(async () => {
    if (topics.length > 0) await admin.deleteTopics({ topics: [...topics] });
    await admin.disconnect();
  });
  return admin;
}

function open(t: TestContext): Promise<Gateway> {
  return openGateway(t, `catalog-${randomUUID()}`);
}

async function namesOf(gateway: Gateway): Promise<readonly string[]> {
  return (await gateway.streams.list()).map(({ name }) => name);
}

async function create(gateway: Gateway, name: string): Promise<Body> {
  return gateway.ask('CreateStream', { StreamName: name, ShardCount: 1 });
}

async function assertNoStream(gateway: Gateway, name: string): Promise<void> {
  for (const action of ['DescribeStream', 'DescribeStreamSummary', 'DeleteStream', 'ListShards']) {
    const { __type: type } = await gateway.ask(action, { StreamName: name });
    assert.equal(type, 'ResourceNotFoundException', `${action} ${name}`);
  }
}

test("internal topics are nobody's streams: refused before anything is written", async (t) => {
  const gateway = await open(t);
  const admin = await openAdmin(t);
  const before = new Set(await admin.listTopics());
  for (const name of internal) {
    const message = `Stream name ${name} is reserved for an internal topic of the backing cluster.`;
    assert.deepEqual(await create(gateway, name), invalid(message));
    await assertNoStream(gateway, name);
  }
  assert.deepEqual(await gateway.catalog.list(), []);
  const after = new Set(await admin.listTopics());
  for (const name of internal) assert.equal(after.has(name), before.has(name), name);
  const listed = new Set(await namesOf(gateway));
  for (const name of internal) assert.ok(!listed.has(name), name);
});

test('names that only AWS allows are refused before anything is written', async (t) => {
  const gateway = await open(t);
  for (const name of ['.', '..']) {
    const reason = 'is not supported: the backing cluster allows no such topic.';
    assert.deepEqual(await create(gateway, name), invalid(`Stream name ${name} ${reason}`));
    await assertNoStream(gateway, name);
  }
  assert.deepEqual(await gateway.catalog.list(), []);
});

test('of two names that differ in . and _ the second is refused, and leaves nothing', async (t) => {
  const gateway = await open(t);
  const suffix = randomUUID();
  const [first, second] = [`a.b-${suffix}`, `a_b-${suffix}`];
  await gateway.create(first, 1);
  const message =
    `Stream name ${second} cannot be used: there is a stream ${first}, and names that differ in ` +
    '. and _ only are one to the backing cluster.';
  assert.deepEqual(await create(gateway, second), invalid(message));
  await assertNoStream(gateway, second);
  assert.deepEqual(
    (await gateway.catalog.list()).map(({ name }) => name),
    [first],
  );
});

test('a topic that collides and comes while a stream is made leaves nothing of it', async (t) => {
  const suffix = randomUUID();
  const [stream, topic] = [`c_d-${suffix}`, `c.d-${suffix}`];
  const admin = await openAdmin(t, [topic]);
  const gateway = await openGateway(t, `catalog-${randomUUID()}`, {
    catalogOf: (catalog) =>
      afterCreate(catalog, () => createTopics(admin, [{ topic, numPartitions: 1 }])),
  });
  const { __type: type } = await create(gateway, stream);
  assert.equal(type, 'InvalidArgumentException');
  assert.equal(await gateway.catalog.get(stream), undefined);
  await assertNoStream(gateway, stream);
  assert.ok((await namesOf(gateway)).includes(topic));
});

test('a row of a name that no stream can have fails no listing, and goes', async (t) => {
  const gateway = await open(t);
  const name = `kept-${randomUUID()}`;
  await gateway.create(name, 1);
  const stored = (await gateway.catalog.get(name))!;
  // As earlier versions have written it.
  await gateway.catalog.create({ ...stored, name: '__cluster_metadata', status: 'CREATING' });
  const known = (await gateway.streams.listKnown()).map((each) => each.name);
  assert.deepEqual(known, [name]);
  const after = { ExclusiveStartStreamName: name.slice(0, -1), Limit: 1 };
  const listed = await gateway.ask('ListStreams', after);
  assert.deepEqual(listed['StreamNames'], [name]);
  await untilTrue('the row to be removed', async () => {
    return (await gateway.catalog.get('__cluster_metadata')) === undefined;
  });
});

/** The catalog, with something that happens just after a row is written. */
function afterCreate(catalog: StreamCatalog, happens: () => Promise<void>): StreamCatalog {
  return {
    get: catalog.get.bind(catalog),
    list: catalog.list.bind(catalog),
    replace: catalog.replace.bind(catalog),
    remove: catalog.remove.bind(catalog),
    secret: catalog.secret.bind(catalog),
    async create(made: Stream) {
      await catalog.create(made);
      await happens();
    },
  };
}
