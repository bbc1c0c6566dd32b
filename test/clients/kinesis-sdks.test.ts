/** The AWS SDKs and the CLI as their users run them: every core action, over HTTP and HTTPS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { awsProgram, installClients, python, run } from '../support/install.ts';
import { createStream, newName } from '../support/doors.ts';
import { linesOf } from '../support/checks/records.ts';

await Promise.all([sharedEngines(), installClients()]);

const expected = {
  listed: true,
  status: 'ACTIVE',
  shards: 2,
  retention: 24,
  tags: ['team=a'],
  retentionNow: 36,
  open: 2,
  failed: 0,
  oneShard: true,
  shardIds: ['shardId-000000000000', 'shardId-000000000001'],
  trimHorizon: ['first', 'a', 'b', 'c'],
  sameSequence: true,
  fresh: true,
  atSequence: ['a', 'b', 'c'],
  afterSequence: ['b', 'c'],
  atTimestamp: ['first', 'a', 'b', 'c'],
  atFutureTimestamp: 'InvalidArgumentException',
  latest: ['last'],
  missing: 'ResourceNotFoundException',
  listedAfterDelete: false,
};

test('every core action through the AWS SDKs', async (t) => {
  const { kinesis, kinesisTls, certificate } = await startGateway(t);
  const boto3 = 'test/clients/python/kinesis.py';
  const javascript = ['--import', 'tsx', 'test/clients/node/actions.ts'];
  const trusting = { environment: { NODE_EXTRA_CA_CERTS: certificate } };

  await t.test('boto3 over HTTP', async () => {
    const seen = await run(await python(), [boto3, 'actions', kinesis, newName()]);
    assert.deepEqual(JSON.parse(seen), expected);
  });
  await t.test("boto3 over HTTPS, trusting the gateway's certificate", async () => {
    const given = ['actions', kinesisTls, newName(), certificate];
    assert.deepEqual(JSON.parse(await run(await python(), [boto3, ...given])), expected);
  });
  await t.test('the SDK for JavaScript over HTTP/2 without TLS', async () => {
    const seen = await run(process.execPath, [...javascript, kinesis, newName()]);
    assert.deepEqual(JSON.parse(seen), expected);
  });
  await t.test('the SDK for JavaScript over HTTP/2 with TLS', async () => {
    const seen = await run(process.execPath, [...javascript, kinesisTls, newName()], trusting);
    assert.deepEqual(JSON.parse(seen), expected);
  });
  await t.test('the SDK for Java over HTTP, in CBOR', async () => {
    const seen = JSON.parse(await awsProgram(['actions', kinesis, newName()]));
    assert.deepEqual(seen, { ...expected, contentTypes: ['application/x-amz-cbor-1.1'] });
  });
  await t.test('the SDK for Java over HTTPS, in JSON', async () => {
    const given = ['actions', kinesisTls, newName(), certificate];
    const seen = JSON.parse(await awsProgram(given, { properties: ['-Daws.cborEnabled=false'] }));
    assert.deepEqual(seen, { ...expected, contentTypes: ['application/x-amz-json-1.1'] });
  });
});

test('the asynchronous SDK for Java over HTTP/2, with and without TLS', async (t) => {
  const { kinesis, kinesisTls, certificate } = await startGateway(t);
  const stream = await createStream(kinesis);
  const seen = [
    await awsProgram(['asynchronous', kinesis, stream]),
    await awsProgram(['asynchronous', kinesisTls, stream, certificate]),
  ];
  assert.deepEqual(
    seen.map((each) => JSON.parse(each)),
    [['there'], ['there']],
  );
});

/** The CLI (version 1, which takes data as text) against one endpoint; answers what it printed. */
async function awsCli(endpoint: string, ...options: readonly string[]) {
  const py = await python();
  const environment = {
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: endpoint,
  };
  return async (action: string, ...given: readonly string[]): Promise<unknown> => {
    const words = ['-m', 'awscli', ...options, 'kinesis', action, '--output', 'json', ...given];
    const printed = await run(py, words, { environment });
    return printed === '' ? undefined : JSON.parse(printed);
  };
}

test('every core action through the AWS CLI', async (t) => {
  const { kinesis, kinesisTls, certificate } = await startGateway(t);
  const stream = newName();
  const aws = await awsCli(kinesis);
  const named = ['--stream-name', stream];
  await aws('create-stream', ...named, '--shard-count', '2');
  await aws('wait', 'stream-exists', ...named);
  await aws('add-tags-to-stream', ...named, '--tags', 'team=a,cost=b');
  await aws('remove-tags-from-stream', ...named, '--tag-keys', 'cost');
  const { Tags } = (await aws('list-tags-for-stream', ...named)) as { Tags: unknown };
  assert.deepEqual(Tags, [{ Key: 'team', Value: 'a' }]);
  const hours = (count: string) => [...named, '--retention-period-hours', count];
  await aws('increase-stream-retention-period', ...hours('48'));
  await aws('decrease-stream-retention-period', ...hours('36'));
  const summary = (await aws('describe-stream-summary', ...named)) as {
    StreamDescriptionSummary: { RetentionPeriodHours: number; OpenShardCount: number };
  };
  assert.equal(summary.StreamDescriptionSummary.RetentionPeriodHours, 36);
  const put = (await aws(
    ...(['put-record', ...named, '--partition-key', 'k', '--data', 'hello'] as const),
  )) as { ShardId: string; SequenceNumber: string };
  await aws('put-records', ...named, '--records', 'Data=world,PartitionKey=k');
  const shard = ['--shard-id', put.ShardId, '--shard-iterator-type', 'TRIM_HORIZON'];

  await t.test("over HTTPS, trusting the gateway's certificate", async () => {
    const safely = await awsCli(kinesisTls, '--ca-bundle', certificate);
    const { ShardIterator } = (await safely('get-shard-iterator', ...named, ...shard)) as {
      ShardIterator: string;
    };
    const { Records } = (await safely('get-records', '--shard-iterator', ShardIterator)) as {
      Records: { Data: string; SequenceNumber: string }[];
    };
    assert.deepEqual(
      Records.map(({ Data }) => Data),
      ['aGVsbG8=', 'd29ybGQ='],
    );
    assert.equal(Records[0]?.SequenceNumber, put.SequenceNumber);
    const { Shards } = (await safely('list-shards', ...named)) as { Shards: unknown[] };
    assert.equal(Shards.length, 2);
  });
  await t.test('over HTTPS without verification', async () => {
    const unsafely = await awsCli(kinesisTls, '--no-verify-ssl');
    const { StreamDescription } = (await unsafely('describe-stream', ...named)) as {
      StreamDescription: { StreamStatus: string };
    };
    assert.equal(StreamDescription.StreamStatus, 'ACTIVE');
  });
  await aws('delete-stream', ...named);
  await aws('wait', 'stream-not-exists', ...named);
  const { StreamNames } = (await aws('list-streams')) as { StreamNames: string[] };
  assert.ok(!StreamNames.includes(stream));
});

test("KCL's own validator accepts the sequence numbers, for their shards only", async (t) => {
  const { kinesis } = await startGateway(t);
  const stream = await createStream(kinesis, 20);
  const put = await awsProgram(['put', kinesis, stream, '500']);
  const numbers = linesOf<{ shard: string; seq: string }>(put);
  assert.equal(new Set(numbers.map(({ shard }) => shard)).size, 20, 'a shard got no record');
  const lines = numbers.map(({ shard, seq }) => `${seq} ${shard}\n`);
  const wrong = `${numbers[0]!.seq} shardId-000000000099\n`;
  const judged = await awsProgram(['validate'], { input: [...lines, wrong].join('') });
  assert.deepEqual(linesOf(judged), [
    ...numbers.map(({ shard }) => ({ version: 2, shard, valid: true })),
    { version: 2, shard: numbers[0]!.shard, valid: false },
  ]);
});
