/**
 * A change of a stream has several steps, in the catalog and in the cluster. Wherever the one or
 * the other refuses or is away, nothing is left behind, or something that DeleteStream removes.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { activated, newStream } from '../../src/domain/streams/stream-rules.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/wire/messages/44-incremental-alter-configs.ts';
import { sharedEngines } from '../support/engines.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import { untilTrue } from '../support/until.ts';
import { wayTo } from '../support/way.ts';
import { type Body, type Gateway, openGateway } from '../support/gateways.ts';
import { openShards, split, untilActive } from '../support/resharding.ts';
import { makeTopic, removeTopics, topicNames, withHappenings } from '../support/topics.ts';

const { dynamodbEndpoint } = await sharedEngines();
const alterApi = {
  request: incrementalAlterConfigsRequest,
  response: incrementalAlterConfigsResponse,
};
/** By which what a gateway has left is taken over. */
const aheadMs = 20_000;
const longAgoMs = 60_000;

const newTable = (): string => `catalog-${randomUUID()}`;

async function namesOf({ streams }: Gateway): Promise<readonly string[]> {
  return (await streams.list()).map(({ name }) => name);
}

async function typeOf(gateway: Gateway, action: string, more: Body): Promise<unknown> {
  return ((await gateway.ask(action, more)) as Body | undefined)?.['__type'];
}

function create(gateway: Gateway, name: string): Promise<unknown> {
  return typeOf(gateway, 'CreateStream', { StreamName: name, ShardCount: 1 });
}

async function assertGone(gateway: Gateway, name: string): Promise<void> {
  assert.equal(await gateway.catalog.get(name), undefined);
  assert.equal(
    await typeOf(gateway, 'DescribeStreamSummary', { StreamName: name }),
    'ResourceNotFoundException',
  );
  await untilTrue(`topic ${name} to be gone`, async () => {
    return !(await topicNames(gateway.cluster)).includes(name);
  });
}

async function putTo(gateway: Gateway, name: string): Promise<unknown> {
  const put = { StreamName: name, PartitionKey: 'a', Data: 'YQ==' };
  return (await gateway.ask('PutRecord', put))['ShardId'];
}

test('a topic of the name that comes while a stream is made is not the stream', async (t) => {
  const name = `meanwhile-${randomUUID()}`;
  const gateway = await openGateway(t, newTable(), {
    catalogOf: (catalog) =>
      withHappenings(catalog, {
        afterCreate: async ({ status }) => {
          if (status === 'CREATING') await makeTopic(gateway.cluster, name, 2);
        },
      }),
  });
  assert.equal(await create(gateway, name), 'ResourceInUseException');
  // It is a topic like others, and DeleteStream removes it.
  assert.equal((await gateway.streams.find(name)).rules, 'kafka');
  assert.equal(await typeOf(gateway, 'DeleteStream', { StreamName: name }), undefined);
  await assertGone(gateway, name);
});

test('a row that the cluster will make no topic for fails no list, and goes', async (t) => {
  const gateway = await openGateway(t, newTable());
  const suffix = randomUUID();
  const [first, left] = [`e.f-${suffix}`, `e_f-${suffix}`];
  await gateway.create(first, 1);
  const leftAtMs = Date.now() - longAgoMs;
  await gateway.catalog.create(
    newStream({ name: left, shardCount: 1, mode: 'PROVISIONED' }, leftAtMs),
  );
  const listed = await namesOf(gateway);
  assert.deepEqual([listed.includes(first), listed.includes(left)], [true, false]);
  await assertGone(gateway, left);
});

test('rows of internal topics that an earlier version made go; the topics stay', async (t) => {
  const gateway = await openGateway(t, newTable());
  const names = ['__consumer_offsets', '__transaction_state', '__share_group_state', '..'];
  const before = new Set(await topicNames(gateway.cluster));
  for (const name of names) {
    const made = newStream({ name, shardCount: 1, mode: 'PROVISIONED' }, Date.now() - longAgoMs);
    await gateway.catalog.create(made);
    await gateway.catalog.replace(made, { ...activated(made, 'its-topic'), version: 2 });
  }
  for (const name of names) {
    const type = await typeOf(gateway, 'DeleteStream', { StreamName: name });
    assert.equal(type, 'ResourceNotFoundException');
  }
  const { StreamNames: listed } = await gateway.ask('ListStreams', {});
  for (const name of names) assert.ok(!(listed as string[]).includes(name), name);
  // Rows of the run's other topics come by that listing.
  await untilTrue('the rows to go', async () => {
    const rows = await gateway.catalog.list();
    return !rows.some((row) => names.includes(row.name));
  });
  const after = new Set(await topicNames(gateway.cluster));
  for (const name of names) assert.equal(after.has(name), before.has(name), name);
});

test('a row that cannot be read fails no call that is not about it', async (t) => {
  const table = newTable();
  const gateway = await openGateway(t, table);
  const names = ['good', 'bad', 'worse'].map((name) => `${name}-${randomUUID()}`);
  const [good = '', bad = '', worse = ''] = names;
  for (const name of names) await gateway.create(name, 1);
  const change = async (scope: string, key: string, expression: string, value: string) => {
    await gateway.database.client.updateItem({
      TableName: table,
      Key: { scope: { S: scope }, key: { S: key } },
      UpdateExpression: expression,
      ExpressionAttributeNames: { '#what': scope === 'streams' ? 'status' : 'shards' },
      ExpressionAttributeValues: { ':value': { S: value } },
    });
  };
  for (const name of [bad, worse]) {
    await change(`shards:${name}`, '00000', 'SET #what = :value', '{');
  }
  // In doubt, and so read when it is listed; and it does not say how many shards it has.
  await change('streams', worse, 'SET #what = :value REMOVE openShardCount', 'CREATING');
  const other = await openGateway(t, table);
  const listed = await namesOf(other);
  for (const name of names) assert.ok(listed.includes(name), name);
  assert.equal(await typeOf(other, 'DescribeStream', { StreamName: worse }), 'InternalFailure');
  assert.equal(await typeOf(other, 'DescribeLimits', {}), undefined);
  await other.create(`more-${randomUUID()}`, 1);
  await other.reshardings.resume();
  assert.equal(await putTo(other, good), 'shardId-000000000000');
  await removeTopics(gateway.cluster, [bad, worse]);
});

for (const diesAt of ['the row', 'the topic'] as const) {
  test(`what a gateway leaves that dies behind ${diesAt} is made by another`, async (t) => {
    const table = newTable();
    const name = `left-${randomUUID()}`;
    const way = await wayTo(t, dynamodbEndpoint);
    const dying = await openGateway(t, table, {
      dynamodb: way.endpoint,
      catalogOf: (catalog) =>
        withHappenings(catalog, {
          afterCreate: async () => {
            // It asks for no topic any more.
            if (diesAt === 'the row') throw new Error('this gateway has died');
          },
          beforeReplace: async () => way.cut(),
        }),
    });
    assert.ok(
      ['InternalFailure', 'ServiceUnavailable'].includes(String(await create(dying, name))),
    );
    const other = await openGateway(t, table, { aheadMs });
    assert.equal((await other.catalog.get(name))?.status, 'CREATING');
    assert.ok((await namesOf(other)).includes(name));
    await untilActive(other, name);
    assert.equal(await putTo(other, name), 'shardId-000000000000');
    assert.equal(await typeOf(other, 'DeleteStream', { StreamName: name }), undefined);
    await assertGone(other, name);
  });
}

test('DynamoDB that is away leaves no consumer, and none that stays', async (t) => {
  const way = await wayTo(t, dynamodbEndpoint);
  const gateway = await openGateway(t, newTable(), { dynamodb: way.endpoint });
  const name = `consumed-${randomUUID()}`;
  await gateway.create(name, 1);
  const { StreamDescriptionSummary: summary } = await gateway.ask('DescribeStreamSummary', {
    StreamName: name,
  });
  const where = { StreamARN: (summary as Body)['StreamARN'], ConsumerName: 'reader' };
  way.cut();
  assert.equal(await typeOf(gateway, 'RegisterStreamConsumer', where), 'ServiceUnavailable');
  way.mend();
  const { Consumers: consumers } = await gateway.ask('ListStreamConsumers', {
    StreamARN: where.StreamARN,
  });
  assert.deepEqual(consumers, []);
  assert.equal(await typeOf(gateway, 'RegisterStreamConsumer', where), undefined);
  assert.equal(await typeOf(gateway, 'DeregisterStreamConsumer', where), undefined);
});

test('a cluster that refuses or is away leaves streams as they were', async (t) => {
  let isDeleting = 'true';
  const { bootstrap, brokers } = await startKafkaCluster(t, {
    count: 1,
    properties: () => ({ 'min.insync.replicas': '1', 'delete.topic.enable': isDeleting }),
  });
  const [broker] = brokers;
  const table = newTable();
  let whenMade = async () => {};
  const gateway = await openGateway(t, table, {
    kafka: bootstrap,
    catalogOf: (catalog) => withHappenings(catalog, { afterCreate: () => whenMade() }),
  });
  const later = await openGateway(t, table, { kafka: bootstrap, aheadMs });

  await t.test('a young cluster gets no internal topics from CreateStream', async () => {
    for (const name of ['__consumer_offsets', '__transaction_state', '__share_group_state']) {
      assert.equal(await create(gateway, name), 'InvalidArgumentException');
    }
    assert.deepEqual(await topicNames(gateway.cluster), []);
  });

  await t.test('no room for partitions: no stream, and no half split one', async () => {
    const kept = `kept-${randomUUID()}`;
    await gateway.create(kept, 1);
    const cordon = (value: string | null) => ({
      resources: [
        {
          resourceType: 4,
          resourceName: String(broker!.node.nodeId),
          configs: [{ name: 'cordoned.log.dirs', configOperation: value === null ? 1 : 0, value }],
        },
      ],
      validateOnly: false,
    });
    const answer = await gateway.cluster.request(alterApi, cordon('*'));
    assert.equal(answer.responses[0]?.errorCode, 0, answer.responses[0]?.errorMessage ?? '');
    const refused = `refused-${randomUUID()}`;
    await untilTrue('the broker to take no more', async () => {
      const type = await create(gateway, refused);
      if (type === undefined) await gateway.ask('DeleteStream', { StreamName: refused });
      return type === 'InvalidArgumentException';
    });
    await assertGone(gateway, refused);
    await split(gateway, kept);
    await untilActive(gateway, kept);
    assert.equal((await openShards(gateway, kept)).length, 1);
    assert.equal(await putTo(gateway, kept), 'shardId-000000000000');
    await gateway.cluster.request(alterApi, cordon(null));
    await untilTrue('the broker to take more', async () => {
      return (await create(gateway, refused)) === undefined;
    });
  });

  await t.test('a broker that is away: the stream is made later, or deleted', async () => {
    const [one, two] = ['one', 'two'].map((each) => `${each}-${randomUUID()}`) as [string, string];
    whenMade = async () => broker!.kill9();
    assert.equal(await create(gateway, one), 'ServiceUnavailable');
    whenMade = async () => {};
    assert.equal((await gateway.catalog.get(one))?.status, 'CREATING');
    await gateway.catalog.create(
      newStream({ name: two, shardCount: 1, mode: 'PROVISIONED' }, Date.now()),
    );
    isDeleting = 'false';
    await broker!.again();
    await untilTrue('the streams to be listed', async () => {
      const listed = await namesOf(later).catch((): readonly string[] => []);
      return listed.includes(one) && listed.includes(two);
    });
    for (const name of [one, two]) await untilActive(later, name);
  });

  await t.test('a cluster that deletes no topics: the stream stays as it was', async () => {
    const name = `stays-${randomUUID()}`;
    await gateway.create(name, 1);
    for (const each of [gateway, later]) {
      const answer = await each.ask('DeleteStream', { StreamName: name });
      assert.equal(answer?.['__type'], 'InvalidArgumentException');
      assert.match(String(answer['message']), /TOPIC_DELETION_DISABLED/);
      await untilActive(each, name);
    }
    assert.equal(await putTo(gateway, name), 'shardId-000000000000');
  });
});
