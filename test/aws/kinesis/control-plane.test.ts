/** The control plane's actions, on real Kafka and DynamoDB Local. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { actions } from '../../../src/aws/kinesis/actions/index.ts';
import type { KinesisContext } from '../../../src/aws/kinesis/action.ts';
import { account, call, startDoor } from './door.ts';
import { openDirectory } from './directory.ts';

type Body = Record<string, unknown>;
type Ask = (action: string, body: Body) => Promise<Body>;
type Control = {
  readonly ask: Ask;
  readonly streams: KinesisContext['streams'];
  readonly name: string;
};

/** A door, and a name for a stream that no other test has. */
async function control(t: TestContext): Promise<Control> {
  const streams = await openDirectory(t);
  const { port } = await startDoor(t, actions, { streams });
  const name = `test-${randomUUID()}`;
  t.after(() => streams.delete(name).catch(() => {}));
  return {
    streams,
    name,
    ask: async (action, body) => (await call(port, action, body)).body as Body,
  };
}

const arnOf = (name: string): string => `arn:aws:kinesis:us-east-1:${account}:stream/${name}`;
const notFound = (name: string): Body => ({
  __type: 'ResourceNotFoundException',
  message: `Stream ${name} under account ${account} not found.`,
});
const invalid = (message: string): Body => ({ __type: 'InvalidArgumentException', message });

function idsIn(body: Body): string[] {
  return (body['Shards'] as { ShardId: string }[]).map(({ ShardId }) => ShardId);
}

test('a stream is made, described, and deleted', async (t) => {
  const { ask, name } = await control(t);
  const beforeSeconds = Date.now() / 1000;
  const tags = { team: 'orders' };
  assert.equal(
    await ask('CreateStream', { StreamName: name, ShardCount: 3, Tags: tags }),
    undefined,
  );
  const { StreamDescription: description } = await ask('DescribeStream', { StreamName: name });
  const { StreamCreationTimestamp: created, Shards: shards, ...rest } = description as Body;
  assert.ok(Math.abs((created as number) - beforeSeconds) < 60);
  assert.deepEqual(rest, {
    StreamName: name,
    StreamARN: arnOf(name),
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    HasMoreShards: false,
    RetentionPeriodHours: 24,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
  });
  const ranges = (shards as { HashKeyRange: Body }[]).map(({ HashKeyRange }) => HashKeyRange);
  assert.deepEqual(ranges, [
    { StartingHashKey: '0', EndingHashKey: '113427455640312821154458202477256070484' },
    {
      StartingHashKey: '113427455640312821154458202477256070485',
      EndingHashKey: '226854911280625642308916404954512140969',
    },
    {
      StartingHashKey: '226854911280625642308916404954512140970',
      EndingHashKey: '340282366920938463463374607431768211455',
    },
  ]);
  const again = await ask('CreateStream', { StreamName: name, ShardCount: 1 });
  assert.deepEqual(again, {
    __type: 'ResourceInUseException',
    message: `Stream ${name} under account ${account} already exists.`,
  });
  assert.equal(await ask('DeleteStream', { StreamARN: arnOf(name) }), undefined);
  assert.deepEqual(await ask('DescribeStream', { StreamName: name }), notFound(name));
  assert.deepEqual(await ask('DeleteStream', { StreamName: name }), notFound(name));
});

test('a summary counts open shards, and an on-demand stream begins with four', async (t) => {
  const { ask, name } = await control(t);
  const mode = { StreamMode: 'ON_DEMAND' };
  const both = await ask('CreateStream', {
    StreamName: name,
    ShardCount: 2,
    StreamModeDetails: mode,
  });
  assert.equal(both['__type'], 'ValidationException');
  const none = await ask('CreateStream', { StreamName: name });
  assert.match(String(none['message']), /Value null at 'shardCount' failed to satisfy/);
  const tooMany = await ask('CreateStream', { StreamName: name, ShardCount: 10_001 });
  assert.equal(tooMany['__type'], 'LimitExceededException');
  await ask('CreateStream', {
    StreamName: name,
    StreamModeDetails: mode,
    MaxRecordSizeInKiB: 2048,
  });
  const answer = await ask('DescribeStreamSummary', { StreamARN: arnOf(name) });
  const { StreamCreationTimestamp: created, ...rest } = answer['StreamDescriptionSummary'] as Body;
  assert.equal(typeof created, 'number');
  assert.deepEqual(rest, {
    StreamName: name,
    StreamARN: arnOf(name),
    StreamStatus: 'ACTIVE',
    StreamModeDetails: mode,
    RetentionPeriodHours: 24,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
    OpenShardCount: 4,
    ConsumerCount: 0,
    QueueCount: 0,
    MaxRecordSizeInKiB: 2048,
    RecordDistributionStrategy: 'USER_PARTITION_KEY',
  });
});

test('streams are listed in order of their names, page by page', async (t) => {
  const { ask, name, streams } = await control(t);
  const names = ['a', 'b', 'c'].map((letter) => `${name}-${letter}`);
  t.after(() => Promise.all(names.map((each) => streams.delete(each).catch(() => {}))));
  for (const each of names.toReversed())
    await ask('CreateStream', { StreamName: each, ShardCount: 1 });
  const first = await ask('ListStreams', { ExclusiveStartStreamName: name, Limit: 2 });
  assert.deepEqual(first['StreamNames'], names.slice(0, 2));
  assert.equal(first['HasMoreStreams'], true);
  const summaries = first['StreamSummaries'] as Body[];
  assert.deepEqual(
    summaries.map(({ StreamARN, StreamStatus }) => [StreamARN, StreamStatus]),
    names.slice(0, 2).map((each) => [arnOf(each), 'ACTIVE']),
  );
  const second = await ask('ListStreams', { NextToken: first['NextToken'], Limit: 1 });
  assert.deepEqual(second['StreamNames'], names.slice(2));
  const forged = await ask('ListStreams', { NextToken: 'forged' });
  assert.deepEqual(forged, invalid('Invalid NextToken.'));
});

test('shards are listed page by page, and a description holds a page too', async (t) => {
  const { ask, name } = await control(t);
  await ask('CreateStream', { StreamName: name, ShardCount: 5 });
  const first = await ask('ListShards', { StreamName: name, MaxResults: 2 });
  assert.deepEqual(idsIn(first), ['shardId-000000000000', 'shardId-000000000001']);
  const second = await ask('ListShards', { NextToken: first['NextToken'], MaxResults: 2 });
  const third = await ask('ListShards', { NextToken: second['NextToken'], MaxResults: 2 });
  assert.deepEqual([...idsIn(second), ...idsIn(third)].length, 3);
  assert.deepEqual([typeof second['NextToken'], third['NextToken']], ['string', undefined]);
  const after = { StreamName: name, ExclusiveStartShardId: 'shardId-000000000003' };
  assert.deepEqual(idsIn(await ask('ListShards', after)), ['shardId-000000000004']);
  const page = (await ask('DescribeStream', { ...after, Limit: 1 }))['StreamDescription'] as Body;
  assert.deepEqual([idsIn(page), page['HasMoreShards']], [['shardId-000000000004'], false]);
  const part = await ask('DescribeStream', { StreamName: name, Limit: 4 });
  assert.equal((part['StreamDescription'] as Body)['HasMoreShards'], true);
});

test('a token is of the stream that it was made for, and of no later one', async (t) => {
  const { ask, name } = await control(t);
  await ask('CreateStream', { StreamName: name, ShardCount: 2 });
  const { NextToken } = await ask('ListShards', { StreamName: name, MaxResults: 1 });
  assert.deepEqual(
    await ask('ListShards', { NextToken, StreamName: `${name}-x` }),
    invalid('NextToken and StreamName cannot be provided together.'),
  );
  assert.deepEqual(
    await ask('ListShards', { NextToken, StreamARN: arnOf(`${name}-x`) }),
    invalid('NextToken and StreamARN cannot be provided together.'),
  );
  assert.deepEqual(await ask('ListShards', { StreamName: `${name}-x` }), notFound(`${name}-x`));
  await ask('DeleteStream', { StreamName: name });
  await ask('CreateStream', { StreamName: name, ShardCount: 2 });
  assert.deepEqual(await ask('ListShards', { NextToken }), notFound(name));
});

test('a creation time picks the stream of that time only', async (t) => {
  const { ask, name } = await control(t);
  await ask('CreateStream', { StreamName: name, ShardCount: 1 });
  const { StreamDescription: description } = await ask('DescribeStream', { StreamName: name });
  const { StreamCreationTimestamp: created } = description as { StreamCreationTimestamp: number };
  const at = (time: number): Promise<Body> =>
    ask('ListShards', { StreamName: name, StreamCreationTimestamp: time });
  assert.equal(idsIn(await at(created)).length, 1);
  assert.equal(idsIn(await at(Math.floor(created))).length, 1);
  assert.deepEqual(await at(created - 100), notFound(name));
});

test('each shard filter takes what it needs, and an id beside it', async (t) => {
  const { ask, name } = await control(t);
  await ask('CreateStream', { StreamName: name, ShardCount: 2 });
  const filtered = (ShardFilter: Body): Promise<Body> =>
    ask('ListShards', { StreamName: name, ShardFilter });
  const now = Date.now() / 1000;
  for (const Type of ['AT_TRIM_HORIZON', 'FROM_TRIM_HORIZON', 'AT_LATEST']) {
    assert.equal(idsIn(await filtered({ Type })).length, 2);
    assert.equal(idsIn(await filtered({ Type, Timestamp: 1 })).length, 2);
    const rest = await filtered({ Type, ShardId: 'shardId-000000000000' });
    assert.deepEqual(idsIn(rest), ['shardId-000000000001']);
  }
  for (const Type of ['AT_TIMESTAMP', 'FROM_TIMESTAMP']) {
    assert.equal(idsIn(await filtered({ Type, Timestamp: now })).length, 2);
    // Before the stream was made, and still within its retention.
    assert.equal(idsIn(await filtered({ Type, Timestamp: now - 3600 })).length, 2);
    const needed = `Timestamp must be provided when the ShardFilter Type is ${Type}.`;
    assert.deepEqual(await filtered({ Type }), invalid(needed));
    const both = await filtered({ Type, Timestamp: now, ShardId: 'shardId-000000000000' });
    assert.deepEqual(idsIn(both), ['shardId-000000000001']);
  }
  const after = await filtered({ Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000000' });
  assert.deepEqual(idsIn(after), ['shardId-000000000001']);
});

test('retention grows and shrinks in 24 to 8,760 hours, each by its own action', async (t) => {
  const { ask, name } = await control(t);
  await ask('CreateStream', { StreamName: name, ShardCount: 1 });
  const change = (verb: string, hours: number): Promise<Body> =>
    ask(`${verb}StreamRetentionPeriod`, { StreamName: name, RetentionPeriodHours: hours });
  assert.equal(await change('Increase', 8760), undefined);
  assert.equal(await change('Decrease', 48), undefined);
  const { StreamDescription: description } = await ask('DescribeStream', { StreamName: name });
  assert.equal((description as Body)['RetentionPeriodHours'], 48);
  assert.deepEqual(
    await change('Increase', 24),
    invalid(
      `Requested retention period (24 hours) for stream ${name} can not be shorter than existing ` +
        'retention period (48 hours). Use DecreaseRetentionPeriod API.',
    ),
  );
  assert.deepEqual(
    await change('Decrease', 49),
    invalid(
      `Requested retention period (49 hours) for stream ${name} can not be longer than existing ` +
        'retention period (48 hours). Use IncreaseRetentionPeriod API.',
    ),
  );
  assert.deepEqual(
    await change('Decrease', 23),
    invalid(
      'Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is ' +
        'too short.',
    ),
  );
  assert.match(
    String((await change('Increase', 8761))['message']),
    /^Maximum allowed .* too long\.$/,
  );
  const nowhere = { StreamName: `${name}-x`, RetentionPeriodHours: 24 };
  assert.deepEqual(await ask('IncreaseStreamRetentionPeriod', nowhere), notFound(`${name}-x`));
});

test('tags are added, listed in order page by page, and removed', async (t) => {
  const { ask, name } = await control(t);
  await ask('CreateStream', { StreamName: name, ShardCount: 1 });
  const tags = { a: 'b', ' ': 'a', ÿ: 'a', _: '', '/': 'a', Zb: 'z', 0: 'a', '@': 'ü0 _./=+-@' };
  assert.equal(await ask('AddTagsToStream', { StreamName: name, Tags: tags }), undefined);
  await ask('AddTagsToStream', { StreamName: name, Tags: { a: 'c' } });
  const all = await ask('ListTagsForStream', { StreamName: name });
  assert.deepEqual(
    (all['Tags'] as Body[]).map(({ Key }) => Key),
    [' ', '/', '0', '@', 'Zb', '_', 'a', 'ÿ'],
  );
  assert.equal(all['HasMoreTags'], false);
  const page = await ask('ListTagsForStream', {
    StreamName: name,
    ExclusiveStartTagKey: '@',
    Limit: 3,
  });
  assert.deepEqual(page, {
    Tags: [
      { Key: 'Zb', Value: 'z' },
      { Key: '_', Value: '' },
      { Key: 'a', Value: 'c' },
    ],
    HasMoreTags: true,
  });
  const removed = { StreamName: name, TagKeys: ['a', 'Zb', 'no such'] };
  assert.equal(await ask('RemoveTagsFromStream', removed), undefined);
  const rest = await ask('ListTagsForStream', { StreamARN: arnOf(name) });
  assert.equal((rest['Tags'] as Body[]).length, 6);
});

/** As many tags, numbered on from a number. */
function many(from: number, count: number): Body {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${from + i}`, 'a']));
}

test('tags of wrong characters, and more than fifty, are refused', async (t) => {
  const { ask, name } = await control(t);
  await ask('CreateStream', { StreamName: name, ShardCount: 1 });
  const add = (Tags: Body): Promise<Body> => ask('AddTagsToStream', { StreamName: name, Tags });
  const wrong = invalid(
    'Some tags contain invalid characters. Valid characters: ' +
      'Unicode letters, digits, white space, _ . / = + - % @.',
  );
  for (const text of ['a;b', 'a\tb', 'a\nb', 'a,b']) {
    assert.deepEqual(await add({ [text]: '1' }), wrong);
    assert.deepEqual(await add({ a: text }), wrong);
    const removed = await ask('RemoveTagsFromStream', { StreamName: name, TagKeys: [text] });
    assert.deepEqual(removed, wrong);
  }
  const percent = await add({ 'a%': '1' });
  assert.match(String(percent['message']), /^Failed to add tags .* illegal characters\./);
  assert.equal(await add(many(0, 50)), undefined);
  assert.equal(await add(many(10, 40)), undefined);
  const over = await add(many(50, 1));
  assert.match(String(over['message']), /cannot have more than 50 tags associated with it\.$/);
  assert.deepEqual(
    await ask('AddTagsToStream', { StreamName: `${name}-x`, Tags: { a: 'b' } }),
    notFound(`${name}-x`),
  );
});
