import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumerCreationMs } from '../../../src/domain/streams/consumers.ts';
import { type Body, type DataDoor, dataDoor, invalidArgument } from './data-door.ts';
import { account } from './door.ts';

async function register(door: DataDoor, name: string, more: Body = {}): Promise<Body> {
  return door.ask('RegisterStreamConsumer', {
    StreamARN: door.arn,
    ConsumerName: name,
    ...more,
  });
}

test('a consumer is CREATING, then ACTIVE, and gone when it is deregistered', async (t) => {
  const door = await dataDoor(t);
  door.stoppedAtMs = Date.now();
  const made = (await register(door, 'app', { Tags: { 'cost.center': 'a b' } }))[
    'Consumer'
  ] as Body;
  assert.equal(made['ConsumerStatus'], 'CREATING');
  const seconds = Number(made['ConsumerCreationTimestamp']);
  assert.equal(made['ConsumerARN'], `${door.arn}/consumer/app:${seconds}`);
  door.aheadMs = consumerCreationMs;
  const byArn = { ConsumerARN: made['ConsumerARN'] };
  const byName = { StreamARN: door.arn, ConsumerName: 'app' };
  const expected = { ...made, ConsumerStatus: 'ACTIVE', StreamARN: door.arn };
  for (const address of [byArn, byName, { ...byArn, ...byName }]) {
    const described = await door.ask('DescribeStreamConsumer', address);
    assert.deepEqual(described['ConsumerDescription'], expected);
  }
  // As a gateway that has it from the catalog only.
  door.streams.forget(door.name);
  const { consumers } = await door.streams.find(door.name);
  assert.deepEqual(consumers[0]?.tags, { 'cost.center': 'a b' });
  const summary = await door.ask('DescribeStreamSummary', { StreamName: door.name });
  assert.equal((summary['StreamDescriptionSummary'] as Body)['ConsumerCount'], 1);

  assert.equal(await door.ask('DeregisterStreamConsumer', byArn), undefined);
  assert.deepEqual(await door.ask('DescribeStreamConsumer', byArn), {
    __type: 'ResourceNotFoundException',
    message:
      `Consumer app with creation timestamp ${seconds} under stream: ${door.name}, ` +
      `account ${account} not found.`,
  });
  const again = await door.ask('DeregisterStreamConsumer', byName);
  assert.equal(again['__type'], 'ResourceNotFoundException');
});

test('a name is registered once', async (t) => {
  const door = await dataDoor(t);
  const both = await Promise.all([register(door, 'app'), register(door, 'app')]);
  const failed = both.filter((each) => each['Consumer'] === undefined);
  assert.deepEqual(
    failed.map((each) => each['__type']),
    ['ResourceInUseException'],
  );
});

test('a stream has at most twenty consumers', async (t) => {
  const door = await dataDoor(t);
  for (let count = 0; count < 20; count += 1) {
    const answer = await register(door, `consumer-${count}`);
    assert.notEqual(answer['Consumer'], undefined);
    door.aheadMs += consumerCreationMs;
  }
  assert.deepEqual(await register(door, 'consumer-20'), {
    __type: 'LimitExceededException',
    message: `Stream ${door.name} already has 20 registered consumers.`,
  });
});

test('consumers are listed in pages, and a token is of its own stream only', async (t) => {
  const door = await dataDoor(t);
  for (const name of ['c', 'a', 'b']) await register(door, name);
  const list = (more: Body) => door.ask('ListStreamConsumers', { StreamARN: door.arn, ...more });
  const names = (page: Body) => (page['Consumers'] as Body[]).map((each) => each['ConsumerName']);
  const first = await list({ MaxResults: 2 });
  assert.deepEqual(names(first), ['a', 'b']);
  const second = await list({ NextToken: first['NextToken'] });
  assert.deepEqual(names(second), ['c']);
  assert.equal(second['NextToken'], undefined);
  assert.deepEqual(await list({ NextToken: 'none' }), invalidArgument('Invalid NextToken.'));
  const other = await dataDoor(t);
  const foreign = { StreamARN: other.arn, NextToken: first['NextToken'] };
  assert.equal(
    (await other.ask('ListStreamConsumers', foreign))['__type'],
    'InvalidArgumentException',
  );
  door.aheadMs = 301_000;
  const expired = await list({ NextToken: first['NextToken'] });
  assert.equal(expired['__type'], 'ExpiredNextTokenException');
});

test('a consumer is named by its ARN, or by stream and name', async (t) => {
  const door = await dataDoor(t);
  await register(door, 'app');
  const message = 'Either ConsumerARN or both StreamARN and ConsumerName should be provided.';
  for (const address of [{}, { ConsumerName: 'app' }, { StreamARN: door.arn }]) {
    assert.deepEqual(await door.ask('DescribeStreamConsumer', address), invalidArgument(message));
  }
  const former = await door.ask('DescribeStreamConsumer', {
    ConsumerARN: `${door.arn}/consumer/app:1`,
  });
  assert.equal(former['__type'], 'ResourceNotFoundException');
});

test('a stream with consumers is deleted only where the call says so', async (t) => {
  const door = await dataDoor(t);
  await register(door, 'app');
  const refused = await door.ask('DeleteStream', { StreamName: door.name });
  assert.equal(refused['__type'], 'ResourceInUseException');
  assert.equal((await door.streams.findFresh(door.name)).status, 'ACTIVE');
  const enforced = { StreamName: door.name, EnforceConsumerDeletion: true };
  assert.equal(await door.ask('DeleteStream', enforced), undefined);
  const gone = await door.ask('DescribeStreamSummary', { StreamName: door.name });
  assert.equal(gone['__type'], 'ResourceNotFoundException');
});
