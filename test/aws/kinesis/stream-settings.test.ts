/** What an owner sets about a stream, as clients see it; on real Kafka and DynamoDB Local. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { base64, type Body, type DataDoor, dataDoor, invalidArgument } from './data-door.ts';
import { account } from './door.ts';
import { shardLevelMetrics } from '../../../src/domain/streams/stream.ts';

/** States are functions of time, so that no test waits for one: time goes when a test says so. */
async function stoppedDoor(t: TestContext, shardCount = 1): Promise<DataDoor> {
  const door = await dataDoor(t, shardCount);
  door.stoppedAtMs = Date.now();
  return door;
}

async function summaryOf(door: DataDoor, name = door.name): Promise<Body> {
  const answer = await door.ask('DescribeStreamSummary', { StreamName: name });
  return answer['StreamDescriptionSummary'] as Body;
}

async function descriptionOf(door: DataDoor): Promise<Body> {
  const answer = await door.ask('DescribeStream', { StreamName: door.name });
  return answer['StreamDescription'] as Body;
}

/** Past the time in which a change is shown as UPDATING. */
function settle(door: DataDoor): void {
  door.aheadMs += 1_000;
}

function exceptionOf(answer: Body | undefined): unknown {
  return answer?.['__type'];
}

const notActive = (door: DataDoor): Body => ({
  __type: 'ResourceInUseException',
  message: `Stream ${door.name} under account ${account} not ACTIVE, instead in state UPDATING`,
});

test('a change is UPDATING for a moment: no other can start, and puts continue', async (t) => {
  const door = await stoppedDoor(t);
  const size = (kiB: number) =>
    door.ask('UpdateMaxRecordSize', { StreamARN: door.arn, MaxRecordSizeInKiB: kiB });
  assert.equal(await size(2048), undefined);
  assert.equal((await summaryOf(door))['StreamStatus'], 'UPDATING');
  assert.equal((await descriptionOf(door))['StreamStatus'], 'UPDATING');
  const listed = await door.ask('ListStreams', {
    ExclusiveStartStreamName: door.name.slice(0, -1),
  });
  const [first] = listed['StreamSummaries'] as Body[];
  assert.deepEqual([first?.['StreamName'], first?.['StreamStatus']], [door.name, 'UPDATING']);
  assert.deepEqual(await size(3072), notActive(door));
  const put = { StreamName: door.name, PartitionKey: 'k', Data: base64('a') };
  assert.equal((await door.ask('PutRecord', put))['ShardId'], 'shardId-000000000000');
  settle(door);
  assert.equal((await summaryOf(door))['StreamStatus'], 'ACTIVE');
  assert.equal(await size(3072), undefined);
});

test('the largest record is what the stream says, before and after it is changed', async (t) => {
  const door = await stoppedDoor(t);
  const data = Buffer.alloc(1536 * 1024, 7).toString('base64');
  const put = () => door.ask('PutRecord', { StreamName: door.name, PartitionKey: 'k', Data: data });
  const refused = String((await put())['message']);
  assert.match(refused, /at 'data' .*: Member must have length less than or equal to 1048576$/);
  const size = (kiB: number) =>
    door.ask('UpdateMaxRecordSize', { StreamARN: door.arn, MaxRecordSizeInKiB: kiB });
  await size(10_240);
  settle(door);
  assert.equal((await summaryOf(door))['MaxRecordSizeInKiB'], 10_240);
  assert.equal((await put())['ShardId'], 'shardId-000000000000');
  // The topic follows, so that a Kafka client may write as much.
  await door.append(0, { key: null, value: Buffer.alloc(10 * 1024 * 1024 - 1024) });
  await size(1024);
  settle(door);
  assert.equal(exceptionOf(await put()), 'ValidationException');
  const over = { key: null, value: Buffer.alloc(1536 * 1024) };
  await assert.rejects(door.append(0, over), { kind: 'invalid-argument' });
  const { Records: records } = await door.read(await door.iterator());
  assert.equal(records.length, 1);
  for (const kiB of [1023, 10_241]) {
    assert.equal(exceptionOf(await size(kiB)), 'ValidationException');
  }
  const unnamed = await door.ask('UpdateMaxRecordSize', { MaxRecordSizeInKiB: 1024 });
  assert.equal(exceptionOf(unnamed), 'InvalidArgumentException');
});

test('encryption is reported for streams, puts, and the records put while it was on', async (t) => {
  const door = await stoppedDoor(t);
  const named = { StreamName: door.name };
  const put = async (text: string) => {
    const entry = { PartitionKey: 'k', Data: base64(text) };
    const one = await door.ask('PutRecord', { ...named, ...entry });
    const many = await door.ask('PutRecords', { ...named, Records: [entry] });
    return [one['EncryptionType'], many['EncryptionType']];
  };
  const change = (action: string, KeyId = 'alias/aws/kinesis', EncryptionType = 'KMS') =>
    door.ask(action, { ...named, KeyId, EncryptionType });
  assert.deepEqual(await put('plain'), [undefined, undefined]);
  const before = await descriptionOf(door);
  assert.deepEqual([before['EncryptionType'], before['KeyId']], ['NONE', undefined]);

  assert.equal(await change('StartStreamEncryption'), undefined);
  assert.equal((await descriptionOf(door))['StreamStatus'], 'UPDATING');
  assert.deepEqual(await change('StopStreamEncryption'), notActive(door));
  settle(door);
  for (const shown of [await descriptionOf(door), await summaryOf(door)]) {
    assert.deepEqual(
      [shown['StreamStatus'], shown['EncryptionType'], shown['KeyId']],
      ['ACTIVE', 'KMS', 'alias/aws/kinesis'],
    );
  }
  assert.deepEqual(await put('encrypted'), ['KMS', 'KMS']);

  assert.equal(await change('StopStreamEncryption'), undefined);
  settle(door);
  const after = await summaryOf(door);
  assert.deepEqual([after['EncryptionType'], after['KeyId']], ['NONE', undefined]);
  assert.deepEqual(await put('plain'), [undefined, undefined]);
});

test('records tell whether encryption was on when they arrived', async (t) => {
  const door = await stoppedDoor(t);
  await door.append(0, { key: null, value: Buffer.from('a') });
  const key = { StreamName: door.name, KeyId: 'alias/a', EncryptionType: 'KMS' };
  // The records' times are the broker's, so that the change has to be in the past for it.
  door.aheadMs = -3_600_000;
  await door.ask('StartStreamEncryption', key);
  door.aheadMs = 0;
  const { Records: encrypted } = await door.read(await door.iterator());
  assert.deepEqual(
    encrypted.map((each) => (each as Body)['EncryptionType']),
    ['KMS'],
  );
  await door.ask('StopStreamEncryption', key);
  door.aheadMs = 10_000;
  const { Records: still } = await door.read(await door.iterator());
  assert.deepEqual(
    still.map((each) => (each as Body)['EncryptionType']),
    ['KMS'],
  );
});

test('a key has one of the forms that KMS gives them', async (t) => {
  const door = await stoppedDoor(t);
  const uuid = '12345678-1234-1234-1234-123456789012';
  const start = async (KeyId: string): Promise<unknown> => {
    settle(door);
    const given = { StreamName: door.name, EncryptionType: 'KMS', KeyId };
    return exceptionOf(await door.ask('StartStreamEncryption', given));
  };
  const arn = (region: string, key: string) => `arn:aws:kms:${region}:123456789012:${key}`;
  const valid = [
    uuid,
    'mrk-1234abcd12ab34cd56ef1234567890ab',
    'alias/MyAliasName',
    'alias/aws/kinesis',
    arn('us-east-1', `key/${uuid}`),
    arn('us-east-1', 'alias/MyAliasName'),
  ];
  for (const keyId of valid) assert.equal(await start(keyId), undefined, keyId);
  const invalid = [
    'MyAliasName',
    'alias/',
    'alias/a b',
    `${uuid}0`,
    arn('us-east-1', uuid),
    arn('us-east-1', 'key/MyKey'),
    arn('eu-west-1', `key/${uuid}`),
    `arn:aws:kms:us-east-1:123:key/${uuid}`,
  ];
  for (const keyId of invalid) assert.equal(await start(keyId), 'KMSNotFoundException', keyId);
  settle(door);
  const malformed = { StreamName: door.name, EncryptionType: 'KMS', KeyId: 'MyAliasName' };
  assert.deepEqual(
    await door.ask('StopStreamEncryption', malformed),
    invalidArgument("Invalid keyId 'MyAliasName'"),
  );
  const none = { StreamName: door.name, EncryptionType: 'NONE', KeyId: uuid };
  const refused = invalidArgument('KMS is the only valid EncryptionType for this request.');
  assert.deepEqual(await door.ask('StartStreamEncryption', none), refused);
  assert.deepEqual(await door.ask('StopStreamEncryption', none), refused);
});

test('shard-level metrics are on and off as asked for, and ALL is every one', async (t) => {
  const door = await stoppedDoor(t);
  const change = async (action: string, ...ShardLevelMetrics: string[]) => {
    settle(door);
    const answer = await door.ask(action, { StreamName: door.name, ShardLevelMetrics });
    assert.deepEqual([answer['StreamName'], answer['StreamARN']], [door.name, door.arn]);
    return [answer['CurrentShardLevelMetrics'], answer['DesiredShardLevelMetrics']];
  };
  const enable = (...names: string[]) => change('EnableEnhancedMonitoring', ...names);
  const disable = (...names: string[]) => change('DisableEnhancedMonitoring', ...names);
  const two = ['IncomingBytes', 'OutgoingBytes'];
  assert.deepEqual(await enable('OutgoingBytes', 'IncomingBytes'), [[], two]);
  assert.equal((await descriptionOf(door))['StreamStatus'], 'UPDATING');
  assert.deepEqual(await enable('IncomingBytes'), [two, two]);
  assert.deepEqual((await summaryOf(door))['EnhancedMonitoring'], [{ ShardLevelMetrics: two }]);
  assert.deepEqual(await enable('ALL'), [two, [...shardLevelMetrics]]);
  assert.deepEqual(await disable('IncomingBytes', 'IncomingRecords'), [
    [...shardLevelMetrics],
    shardLevelMetrics.filter((name) => !name.startsWith('Incoming')),
  ]);
  assert.deepEqual((await disable('ALL'))[1], []);
  assert.deepEqual((await descriptionOf(door))['EnhancedMonitoring'], [{ ShardLevelMetrics: [] }]);
});

test('tags of a stream are the same by either way; those of a consumer are its own', async (t) => {
  const door = await stoppedDoor(t);
  const made = await door.ask('RegisterStreamConsumer', {
    StreamARN: door.arn,
    ConsumerName: 'app',
    Tags: { from: 'the beginning' },
  });
  const consumer = String((made['Consumer'] as Body)['ConsumerARN']);
  const tagsOf = async (arn: string) => {
    const { Tags: tags } = await door.ask('ListTagsForResource', { ResourceARN: arn });
    return Object.fromEntries((tags as Body[]).map(({ Key, Value }) => [Key, Value]));
  };
  const tag = (arn: string, Tags: Body) => door.ask('TagResource', { ResourceARN: arn, Tags });
  assert.deepEqual(await tagsOf(door.arn), {});
  assert.deepEqual(await tagsOf(consumer), { from: 'the beginning' });
  assert.equal(await tag(door.arn, { 'a:b': 'c', x: '' }), undefined);
  assert.equal(await tag(consumer, { 'a:b': 'd', from: 'now on' }), undefined);
  await door.ask('AddTagsToStream', { StreamName: door.name, Tags: { x: 'y' } });
  assert.deepEqual(await tagsOf(door.arn), { 'a:b': 'c', x: 'y' });
  const listed = await door.ask('ListTagsForStream', { StreamName: door.name });
  assert.equal((listed['Tags'] as Body[]).length, 2);
  door.streams.forget(door.name);
  assert.deepEqual(await tagsOf(consumer), { 'a:b': 'd', from: 'now on' });
  const untag = { ResourceARN: consumer, TagKeys: ['from', 'none'] };
  assert.equal(await door.ask('UntagResource', untag), undefined);
  assert.deepEqual(await tagsOf(consumer), { 'a:b': 'd' });
  assert.deepEqual(await tagsOf(door.arn), { 'a:b': 'c', x: 'y' });

  const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, 'v']));
  const over = await tag(consumer, fifty);
  assert.match(String(over['message']), /cannot have more than 50 tags associated with it\.$/);
  for (const wrong of [{ 'a,b': 'c' }, { a: 'b%' }, { 'aws:a': 'b' }]) {
    assert.equal(exceptionOf(await tag(door.arn, wrong)), 'InvalidArgumentException');
  }
});

test('a resource that does not exist, or not here, is not found', async (t) => {
  const door = await stoppedDoor(t);
  const list = (arn: string) => door.ask('ListTagsForResource', { ResourceARN: arn });
  const missing = [
    `${door.arn}-x`,
    `${door.arn}/consumer/app:1`,
    door.arn.replace(`stream/${door.name}`, 'queue/q'),
    door.arn.replace(`stream/${door.name}`, 'channel/c'),
  ];
  for (const arn of missing) {
    assert.equal(exceptionOf(await list(arn)), 'ResourceNotFoundException', arn);
  }
  const foreign = await list(door.arn.replace(account, '111111111111'));
  assert.equal(exceptionOf(foreign), 'UnrecognizedClientException');
  const odd = await list(`${door.arn}/consumer/app`);
  assert.equal(exceptionOf(odd), 'InvalidArgumentException');
  assert.equal(exceptionOf(await list(door.name)), 'ValidationException');
});
