/** The control plane of queues over HTTP. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { KeyedRates } from '../../../src/streams/limits/keyed-rates.ts';
import { type Body, type Gateway, openGateway } from '../../support/gateways.ts';
import {
  createQueue,
  describeQueue,
  queueIdOf,
  streamArnOf,
  streamFor,
  untilQueueActive,
  untilQueueGone,
} from '../../support/queues.ts';
import { makeTopic, removeTopics } from '../../support/topics.ts';
import { untilTrue } from '../../support/until.ts';
import { noLimits } from './door.ts';

const newName = (what = 'stream'): string => `${what}-${randomUUID()}`;
const newTable = (): string => `catalog-${randomUUID()}`;

async function opened(t: TestContext): Promise<{ gateway: Gateway; stream: string }> {
  const gateway = await openGateway(t, newTable());
  return { gateway, stream: await streamFor(gateway, newName()) };
}

async function typeOf(gateway: Gateway, action: string, body: Body): Promise<unknown> {
  return ((await gateway.ask(action, body)) as Body | undefined)?.['__type'];
}

const summaryOf = async (gateway: Gateway, stream: string): Promise<Body> =>
  (await gateway.ask('DescribeStreamSummary', { StreamName: stream }))[
    'StreamDescriptionSummary'
  ] as Body;

test('a queue is CREATING, then ACTIVE with what it was created with, and goes', async (t) => {
  const { gateway, stream } = await opened(t);
  const name = newName('queue');
  const timestamp = Math.floor(Date.now() / 1000) - 3600;
  const arn = await createQueue(gateway, stream, name, {
    StreamConfigurationList: [
      {
        StreamARN: streamArnOf(stream),
        StartingPosition: { Type: 'AT_TIMESTAMP', Timestamp: timestamp },
      },
    ],
    QueueAttributes: {
      VisibilityTimeoutSeconds: 43_200,
      DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 1_000 },
    },
    Tags: { team: 'a' },
  });
  assert.match(
    arn,
    new RegExp(`^arn:aws:kinesis:us-east-1:000000000000:queue/${name}-[a-z0-9]{8}$`),
  );
  const active = await untilQueueActive(gateway, arn);
  const summary = await summaryOf(gateway, stream);
  assert.deepEqual(active, {
    QueueName: name,
    QueueARN: arn,
    QueueStatus: 'ACTIVE',
    QueueCreationTimestamp: active['QueueCreationTimestamp'],
    StreamConfigurationList: [
      {
        StreamARN: streamArnOf(stream),
        // The stream could not be read that early.
        StartingPosition: {
          Type: 'AT_TIMESTAMP',
          Timestamp: (await gateway.streams.find(stream)).createdAtMs / 1000,
        },
      },
    ],
    QueueAttributes: {
      VisibilityTimeoutSeconds: 43_200,
      DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 1_000 },
    },
  });
  assert.deepEqual([summary['QueueCount'], summary['ConsumerCount']], [1, 0]);
  const tags = await gateway.ask('ListTagsForResource', { ResourceARN: arn });
  assert.deepEqual(tags, { Tags: [{ Key: 'team', Value: 'a' }] });

  const group = { groupId: queueIdOf(arn), log: stream };
  // Kafka's lock begins before the record reaches its receiver, and lasts a second longer.
  assert.equal((await gateway.queuePorts.shares.positions(group)).size, 4);
  assert.equal(await typeOf(gateway, 'DeleteQueue', { QueueARN: arn }), undefined);
  assert.equal((await describeQueue(gateway, arn))['QueueStatus'], 'DELETING');
  assert.equal(await typeOf(gateway, 'DeleteQueue', { QueueARN: arn }), undefined);
  await untilQueueGone(gateway, arn);
  assert.equal((await summaryOf(gateway, stream))['QueueCount'], 0);
  assert.equal(
    await typeOf(gateway, 'DeleteQueue', { QueueARN: arn }),
    'ResourceNotFoundException',
  );
});

test('a queue has the defaults of the service model', async (t) => {
  const { gateway, stream } = await opened(t);
  const before = Math.floor(Date.now() / 1000);
  const arn = await createQueue(gateway, stream, newName('queue'));
  const active = await untilQueueActive(gateway, arn);
  assert.deepEqual(active['QueueAttributes'], {
    VisibilityTimeoutSeconds: 30,
    DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 6 },
  });
  const [{ StartingPosition: start }] = active['StreamConfigurationList'] as [Body];
  assert.equal((start as Body)['Type'], 'LATEST');
  assert.ok(Number((start as Body)['Timestamp']) >= before);
});

test('positions are where TRIM_HORIZON, LATEST and AT_TIMESTAMP say', async (t) => {
  const { gateway, stream } = await opened(t);
  const put = (key: number) =>
    gateway.ask('PutRecord', { StreamName: stream, PartitionKey: String(key), Data: 'YQ==' });
  for (let key = 0; key < 40; key += 1) await put(key);
  const where = [0, 1, 2, 3].map((partition) => ({ log: stream, partition }));
  const ends = await Promise.all(where.map((each) => gateway.log.endOffset(each)));
  const last = Date.now();
  await untilTrue('the next second', () => Date.now() > last + 1);
  const starts: readonly [Body, readonly bigint[]][] = [
    [{ Type: 'TRIM_HORIZON' }, [0n, 0n, 0n, 0n]],
    [{ Type: 'LATEST' }, ends],
    [{ Type: 'AT_TIMESTAMP', Timestamp: last / 1000 - 3_600 }, [0n, 0n, 0n, 0n]],
  ];
  for (const [StartingPosition, wanted] of starts) {
    const arn = await createQueue(gateway, stream, newName('queue'), {
      StreamConfigurationList: [{ StreamARN: streamArnOf(stream), StartingPosition }],
    });
    // Records that are put once the call has been answered are delivered.
    for (let key = 0; key < 4; key += 1) await put(key);
    await untilQueueActive(gateway, arn);
    const group = { groupId: queueIdOf(arn), log: stream };
    const positions = await gateway.queuePorts.shares.positions(group);
    const found = [0, 1, 2, 3].map((shard) => positions.get(shard)?.startOffset);
    if (StartingPosition['Type'] === 'LATEST') {
      for (const [shard, offset] of found.entries()) {
        assert.ok(offset !== undefined && offset >= wanted[shard]!, `shard ${shard}`);
        assert.ok(offset <= (await gateway.log.endOffset(where[shard]!)), `shard ${shard}`);
      }
    } else assert.deepEqual(found, wanted);
  }
});

test('what is wrong is refused before anything is stored', async (t) => {
  const { gateway, stream } = await opened(t);
  const provisioned = newName();
  await gateway.create(provisioned, 1);
  const one = { StreamARN: streamArnOf(stream) };
  const at = (StartingPosition: Body): Body => ({
    StreamConfigurationList: [{ ...one, StartingPosition }],
  });
  const attributes = (DeadLetterConfiguration: Body): Body => ({
    QueueAttributes: { DeadLetterConfiguration },
  });
  const future = Math.ceil(Date.now() / 1000) + 3600;
  const wrong: readonly [more: Body, type: string, message: RegExp][] = [
    [{ StreamConfigurationList: [one, one] }, 'ValidationException', /exactly one entry/],
    [at({ Type: 'LATEST', Timestamp: 1 }), 'ValidationException', /Timestamp cannot be specified/],
    [at({ Type: 'AT_TIMESTAMP' }), 'ValidationException', /Timestamp is required/],
    [
      at({ Type: 'AT_TIMESTAMP', Timestamp: future }),
      'InvalidArgumentException',
      /cannot be greater than the currentTimestampInMillis/,
    ],
    [attributes({ TargetType: 'BUILT_IN' }), 'ValidationException', /MaxReceiveCount is required/],
    [
      attributes({ TargetType: 'NONE', MaxReceiveCount: 3 }),
      'ValidationException',
      /MaxReceiveCount cannot be specified/,
    ],
    [{ Tags: { 'aws:a': 'b' } }, 'InvalidArgumentException', /'aws:'/],
    [
      { StreamConfigurationList: [{ StreamARN: streamArnOf(provisioned) }] },
      'ValidationException',
      /is in Provisioned mode\.$/,
    ],
    [
      { StreamConfigurationList: [{ StreamARN: streamArnOf(`${stream}x`) }] },
      'ResourceNotFoundException',
      /^Stream .* not found\.$/,
    ],
  ];
  for (const [more, type, message] of wrong) {
    const answer = await gateway.ask('CreateQueue', {
      QueueName: 'wrong',
      StreamConfigurationList: [one],
      ...more,
    });
    assert.equal(answer['__type'], type, JSON.stringify(more));
    assert.match(String(answer['message']), message);
  }
  assert.deepEqual(await gateway.ask('ListQueues', {}), { QueueSummaries: [] });
  const arn = 'arn:aws:kinesis:us-east-1:000000000000:queue/none';
  for (const action of ['DescribeQueue', 'DeleteQueue', 'UpdateQueue']) {
    const more = action === 'UpdateQueue' ? { QueueAttributes: {} } : {};
    const answer = await gateway.ask(action, { QueueARN: arn, ...more });
    assert.deepEqual(answer, {
      __type: 'ResourceNotFoundException',
      message: 'Queue none under account 000000000000 not found.',
    });
    const foreign = { QueueARN: arn.replace('us-east-1', 'eu-west-1'), ...more };
    assert.equal(await typeOf(gateway, action, foreign), 'InvalidArgumentException');
    const others = { QueueARN: arn.replace('000000000000', '111111111111'), ...more };
    assert.equal(await typeOf(gateway, action, others), 'UnrecognizedClientException');
  }
});

test('names are unique, and any allowed name is allowed as a share group, too', async (t) => {
  const { gateway, stream } = await opened(t);
  const unique = randomUUID().slice(0, 8);
  const names = ['.', '..', '-', '_', `${'x'.repeat(119)}.${unique}`, `A.b_c-${unique}`];
  const arns: string[] = [];
  for (const name of names) {
    const arn = await createQueue(gateway, stream, name);
    await untilQueueActive(gateway, arn);
    arns.push(arn);
    const again = await gateway.ask('CreateQueue', {
      QueueName: name,
      StreamConfigurationList: [{ StreamARN: streamArnOf(stream) }],
    });
    assert.deepEqual(again, {
      __type: 'ResourceInUseException',
      message: `Queue ${name} under account 000000000000 already exists.`,
    });
  }
  for (const arn of arns) await gateway.ask('DeleteQueue', { QueueARN: arn });
  for (const arn of arns) await untilQueueGone(gateway, arn);
  // The next queue of that name is another one.
  const next = await createQueue(gateway, stream, names[4]!);
  assert.ok(!arns.includes(next));
});

test('an update changes what it names, while the queue is UPDATING', async (t) => {
  const { gateway, stream } = await opened(t);
  const arn = await createQueue(gateway, stream, newName('queue'));
  await untilQueueActive(gateway, arn);
  const update = async (QueueAttributes: Body): Promise<Body> => {
    const answer = await gateway.ask('UpdateQueue', { QueueARN: arn, QueueAttributes });
    return (answer['QueueDescription'] as Body | undefined) ?? answer;
  };
  const first = await update({ VisibilityTimeoutSeconds: 45 });
  assert.equal(first['QueueStatus'], 'UPDATING');
  assert.equal((await update({}))['__type'], 'ResourceInUseException');
  const builtIn = { TargetType: 'BUILT_IN', MaxReceiveCount: 6 };
  const wanted = { VisibilityTimeoutSeconds: 45, DeadLetterConfiguration: builtIn };
  assert.deepEqual((await untilQueueActive(gateway, arn))['QueueAttributes'], wanted);
  const group = { groupId: queueIdOf(arn), log: stream };
  assert.equal((await gateway.queuePorts.shares.terms(group)).lockMs, 46_000);
  assert.equal((await gateway.queues.findFresh(group.groupId)).lockMs, 46_000);
  await update({ DeadLetterConfiguration: { TargetType: 'NONE' } });
  assert.deepEqual((await untilQueueActive(gateway, arn))['QueueAttributes'], {
    VisibilityTimeoutSeconds: 45,
    DeadLetterConfiguration: { TargetType: 'NONE' },
  });
  const none = await update({ DeadLetterConfiguration: { TargetType: 'BUILT_IN' } });
  assert.equal(none['__type'], 'ValidationException');
  // A timeout that Kafka grants to no group is kept; the lock is as near as it gets.
  await update({ VisibilityTimeoutSeconds: 0 });
  await untilQueueActive(gateway, arn);
  const { attributes, lockMs } = await gateway.queues.findFresh(group.groupId);
  assert.equal(attributes.visibilitySeconds, 0);
  assert.ok(lockMs > 0);
});

test('queues are listed page by page, and by stream', async (t) => {
  const { gateway, stream } = await opened(t);
  const other = await streamFor(gateway, newName());
  const arns: string[] = [];
  for (const of of [stream, stream, stream, other]) {
    const arn = await createQueue(gateway, of, newName('queue'));
    await untilQueueActive(gateway, arn);
    arns.push(arn);
  }
  const list = async (first: Body): Promise<Body[]> => {
    const listed: Body[] = [];
    for (let body: Body = first; ;) {
      const { QueueSummaries: page, NextToken } = await gateway.ask('ListQueues', body);
      assert.ok(Array.isArray(page));
      assert.ok(page.length <= Number(body['MaxResults'] ?? 100));
      listed.push(...(page as Body[]));
      if (NextToken === undefined) return listed;
      body = { NextToken, MaxResults: body['MaxResults'] };
    }
  };
  const arnsOf = (listed: Body[]) => listed.map((each) => each['QueueARN']).toSorted();
  for (const MaxResults of [1, 2, 100]) {
    assert.deepEqual(arnsOf(await list({ MaxResults })), arns.toSorted());
    const StreamFilter = [{ StreamARN: streamArnOf(stream) }];
    // The token alone is enough for the next page of a filtered list.
    const filtered = await list({ MaxResults, StreamFilter });
    assert.deepEqual(arnsOf(filtered), arns.slice(0, 3).toSorted());
  }
  const [one] = await list({ StreamFilter: [{ StreamARN: streamArnOf(other) }] });
  const created = (await summaryOf(gateway, other))['StreamCreationTimestamp'];
  assert.deepEqual(one?.['Streams'], [
    { StreamARN: streamArnOf(other), StreamCreationTimestamp: created },
  ]);
  const at = (StreamCreationTimestamp: number) =>
    list({ StreamFilter: [{ StreamARN: streamArnOf(other), StreamCreationTimestamp }] });
  assert.equal((await at(Number(created))).length, 1);
  assert.equal((await at(Number(created) - 1)).length, 0);
  assert.deepEqual(await list({ StreamFilter: [{ StreamARN: streamArnOf('no-such') }] }), []);
  const wrong = await typeOf(gateway, 'ListQueues', { NextToken: 'AAAA' });
  assert.equal(wrong, 'InvalidArgumentException');
});

test('a stream with queues is not deleted and stays on-demand', async (t) => {
  const { gateway, stream } = await opened(t);
  const arn = await createQueue(gateway, stream, newName('queue'));
  await untilQueueActive(gateway, arn);
  const named = { StreamName: stream };
  for (const more of [{}, { EnforceConsumerDeletion: true }]) {
    const answer = await gateway.ask('DeleteStream', { ...named, ...more });
    assert.equal(answer['__type'], 'ResourceInUseException');
    assert.match(String(answer['message']), /there are queues associated/);
  }
  const mode = {
    StreamARN: streamArnOf(stream),
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
  };
  assert.equal(await typeOf(gateway, 'UpdateStreamMode', mode), 'ResourceInUseException');
  assert.equal((await summaryOf(gateway, stream))['StreamStatus'], 'ACTIVE');
  await gateway.ask('DeleteQueue', { QueueARN: arn });
  await untilQueueGone(gateway, arn);
  assert.equal(await typeOf(gateway, 'DeleteStream', named), undefined);
});

test('queues and registered consumers share the limit of twenty', async (t) => {
  const { gateway, stream } = await opened(t);
  await gateway.streams.change(stream, (now) => ({
    ...now,
    consumers: Array.from({ length: 19 }, (_, index) => ({
      name: `c${String(index).padStart(2, '0')}`,
      createdAtMs: now.createdAtMs,
      tags: {},
    })),
  }));
  const arn = await createQueue(gateway, stream, newName('queue'));
  await untilQueueActive(gateway, arn);
  const register = { StreamARN: streamArnOf(stream), ConsumerName: 'one-more' };
  const consumer = await gateway.ask('RegisterStreamConsumer', register);
  assert.equal(consumer['__type'], 'LimitExceededException');
  assert.match(String(consumer['message']), /20 registered consumers, of which 1 are queues/);
  const more = {
    QueueName: 'one-more',
    StreamConfigurationList: [{ StreamARN: streamArnOf(stream) }],
  };
  assert.equal(await typeOf(gateway, 'CreateQueue', more), 'LimitExceededException');
  // Nothing of it is left: neither the name nor the row.
  assert.equal(await gateway.queues.idOf('one-more'), undefined);
  const shown = await summaryOf(gateway, stream);
  assert.deepEqual([shown['QueueCount'], shown['ConsumerCount']], [1, 19]);
});

test('five queues are created or deleted at once', async (t) => {
  const calls = new KeyedRates({ nowMs: () => Date.now() }, 100);
  const gateway = await openGateway(t, newTable(), { limits: { ...noLimits, calls } });
  const stream = await streamFor(gateway, newName());
  const create = (index: number) =>
    gateway.ask('CreateQueue', {
      QueueName: `queue-${index}`,
      StreamConfigurationList: [{ StreamARN: streamArnOf(stream) }],
    });
  // What others left unfinished counts, too.
  const [first] = await Promise.all([0, 1, 2, 3, 4].map(create));
  const made = (await gateway.ask('ListQueues', {}))['QueueSummaries'] as Body[];
  assert.equal(made.length, 5, JSON.stringify(first));
  for (const each of made) await untilQueueActive(gateway, String(each['QueueARN']));
  const remove = (each: Body) => gateway.ask('DeleteQueue', { QueueARN: each['QueueARN'] });
  await Promise.all(made.map(remove));
  const sixth = await create(5);
  assert.equal(sixth['__type'], 'LimitExceededException');
  assert.match(String(sixth['message']), /^5 queues of the account are being created or deleted/);
  for (const each of made) await untilQueueGone(gateway, String(each['QueueARN']));
  assert.ok('QueueDescription' in (await create(5)));
});

test('a queue has tags and a policy of its own', async (t) => {
  const { gateway, stream } = await opened(t);
  const arn = await createQueue(gateway, stream, newName('queue'), { Tags: { a: '1', b: '2' } });
  const named = { ResourceARN: arn };
  await untilQueueActive(gateway, arn);
  await gateway.ask('TagResource', { ...named, Tags: { c: '3' } });
  await gateway.ask('UntagResource', { ...named, TagKeys: ['a'] });
  assert.deepEqual(await gateway.ask('ListTagsForResource', named), {
    Tags: [
      { Key: 'b', Value: '2' },
      { Key: 'c', Value: '3' },
    ],
  });
  const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, 'v']));
  const over = await gateway.ask('TagResource', { ...named, Tags: fifty });
  assert.match(String(over['message']), /cannot have more than 50 tags/);
  const policyOf = (action: string, Resource: string): string =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: '123456789012' },
        Action: `kinesis:${action}`,
        Resource,
      },
    });
  assert.deepEqual(await gateway.ask('GetResourcePolicy', named), { Policy: '{}' });
  const Policy = policyOf('DescribeQueue', arn);
  assert.equal(await typeOf(gateway, 'PutResourcePolicy', { ...named, Policy }), undefined);
  assert.deepEqual(await gateway.ask('GetResourcePolicy', named), { Policy });
  for (const wrong of [policyOf('DescribeQueue', streamArnOf(stream)), policyOf('Fly', arn)]) {
    const answer = await typeOf(gateway, 'PutResourcePolicy', { ...named, Policy: wrong });
    assert.equal(answer, 'InvalidArgumentException');
  }
  assert.equal(await typeOf(gateway, 'DeleteResourcePolicy', named), undefined);
  const none = await gateway.ask('DeleteResourcePolicy', named);
  assert.equal(none['__type'], 'ResourceNotFoundException');
  // The permission of the stream to have queues is no operation, but an action of policies.
  const ofStream = { ResourceARN: streamArnOf(stream) };
  const allowed = policyOf('AssociateStreamsWithQueue', ofStream.ResourceARN);
  const put = await typeOf(gateway, 'PutResourcePolicy', { ...ofStream, Policy: allowed });
  assert.equal(put, undefined);
  await gateway.ask('DeleteQueue', { QueueARN: arn });
  const late = await typeOf(gateway, 'TagResource', { ...named, Tags: { d: '4' } });
  assert.equal(late, 'ResourceInUseException');
});

test('the host names of queues are answered as every other', async (t) => {
  const gateway = await openGateway(t, newTable());
  const QueueARN = 'arn:aws:kinesis:us-east-1:000000000000:queue/jobs-0123abcd';
  // From the rules of endpoints in botocore's data of the service.
  const hosts = [
    'kinesis-queues.us-east-1.amazonaws.com',
    'jobs-0123abcd.control-kinesis-queues.us-east-1.amazonaws.com',
    '000000000000.control-kinesis-queues-fips.us-east-1.api.aws',
  ];
  for (const host of hosts) {
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = {
        host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.DescribeQueue',
      };
      const sent = request({ port: gateway.port, method: 'POST', headers }, (response) => {
        text(response).then(resolve, reject);
      });
      sent.on('error', reject);
      sent.end(JSON.stringify({ QueueARN }));
    });
    assert.equal((JSON.parse(answer) as Body)['__type'], 'ResourceNotFoundException', host);
  }
});

for (const isMadeAgain of [false, true]) {
  const what = isMadeAgain ? 'deleted and made again' : 'deleted';
  test(`a queue whose topic a Kafka client has ${what} is described and deleted`, async (t) => {
    const { gateway, stream } = await opened(t);
    const arn = await createQueue(gateway, stream, newName('queue'));
    await untilQueueActive(gateway, arn);
    await removeTopics(gateway.cluster, [stream]);
    if (isMadeAgain) {
      await untilTrue('the topic to be made', async () => {
        return makeTopic(gateway.cluster, stream, 2).then(
          () => true,
          () => false,
        );
      });
    }
    const shown = await describeQueue(gateway, arn);
    assert.equal(shown['QueueStatus'], 'ACTIVE');
    const [{ StreamARN }] = shown['StreamConfigurationList'] as [Body];
    assert.equal(StreamARN, streamArnOf(stream));
    if (isMadeAgain) assert.equal((await summaryOf(gateway, stream))['QueueCount'], 0);
    assert.equal(await typeOf(gateway, 'DeleteQueue', { QueueARN: arn }), undefined);
    await untilQueueGone(gateway, arn);
  });
}
