/** Every action through boto3, and through the AWS CLI what it takes in forms of its own. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { actions } from '../../src/aws/kinesis/actions/index.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients, python, run } from '../support/install.ts';
import { createStream, newName } from '../support/doors.ts';

await Promise.all([sharedEngines(), installClients()]);

const names = actions.map(({ name }) => name as string).toSorted();
/** A catalog of its own: what the account sets would be every test's. */
const settings = () => ({ KINESKA_CATALOG_TABLE: `every-${newName()}` });

test('every action through boto3', async (t) => {
  const { kinesis } = await startGateway(t, { settings: settings() });
  const given = ['test/clients/python/every_action.py', kinesis, newName(), names.join(',')];
  const { answered, seen } = JSON.parse(await run(await python(), given)) as {
    answered: string[];
    seen: unknown;
  };
  assert.deepEqual(answered, names);
  assert.deepEqual(seen, {
    sameSettings: true,
    commitment: 'ENABLED',
    commitmentHours: 24,
    moreShards: 2,
    arn: true,
    listed: true,
    shards: ['0', '1'],
    tags: [{ Key: 'by:who', Value: 'me' }],
    sameTags: true,
    data: ['6f6e65', '74776f', '00ff'],
    encryption: [null, null],
    dryRun: 'DryRunOperationException',
    consumers: ['app'],
    consumerTags: [{ Key: 'of', Value: 'app' }],
    subscribed: ['6f6e65', '74776f', '00ff'],
    updating: 'UPDATING',
    encrypted: ['KMS', 'alias/aws/kinesis'],
    encryptedPut: 'KMS',
    metrics: 7,
    metricsLeft: [],
    recordKiB: 4096,
    samePolicy: true,
    noPolicy: '{}',
    mode: 'ON_DEMAND',
    openShards: true,
    warm: 2,
    distribution: ['AUTO', 'keyless', null],
    queueRecords: ['restored', 'restored', 'dead', 1, [[], [], [], []]],
    queue: [
      'CREATING',
      {
        VisibilityTimeoutSeconds: 30,
        DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 6 },
      },
    ],
    queueChanged: ['UPDATING', true],
    queueTags: [{ Key: 'of', Value: 'queue' }],
    queues: [true],
    queueCount: 1,
    keepsQueues: 'ResourceInUseException',
    gone: 'ResourceNotFoundException',
  });
});

test('the AWS CLI puts text, files of bytes and JSON, and shows data as base64', async (t) => {
  const { kinesis } = await startGateway(t, { settings: settings() });
  const stream = await createStream(kinesis, 1);
  const folder = await mkdtemp(join(tmpdir(), 'kineska-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const environment = {
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: kinesis,
  };
  const py = await python();
  const aws = async (...words: readonly string[]): Promise<Record<string, unknown>> => {
    const printed = await run(py, ['-m', 'awscli', 'kinesis', ...words, '--output', 'json'], {
      environment,
    });
    return printed === '' ? {} : (JSON.parse(printed) as Record<string, unknown>);
  };
  const named = ['--stream-name', stream];
  const bytes = join(folder, 'bytes');
  await writeFile(bytes, Buffer.from([0, 1, 0xfe, 0xff]));
  const records = join(folder, 'records.json');
  await writeFile(records, JSON.stringify([{ PartitionKey: 'k', Data: 'aGVsbG8=' }]));
  await aws('put-record', ...named, '--partition-key', 'k', '--data', 'text');
  await aws('put-record', ...named, '--partition-key', 'k', '--data', `fileb://${bytes}`);
  await aws('put-records', ...named, '--records', `file://${records}`);
  const { ShardIterator: iterator } = await aws(
    ...['get-shard-iterator', ...named, '--shard-id', 'shardId-000000000000'],
    ...['--shard-iterator-type', 'TRIM_HORIZON'],
  );
  const read = await aws('get-records', '--shard-iterator', String(iterator));
  const data = (read['Records'] as { Data: string }[]).map((each) =>
    Buffer.from(each.Data, 'base64').toString('latin1'),
  );
  assert.deepEqual(data.slice(0, 2), ['text', '\u0000\u0001\u00fe\u00ff']);
  // Version 1 takes text in JSON as it is, so that base64 arrives as base64.
  assert.equal(data[2], 'aGVsbG8=');

  const metrics = ['--shard-level-metrics', 'ALL'];
  const enabled = await aws('enable-enhanced-monitoring', ...named, ...metrics);
  assert.equal((enabled['DesiredShardLevelMetrics'] as string[]).length, 7);
  await aws('wait', 'stream-exists', ...named);
  const arn = `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`;
  await aws('tag-resource', '--resource-arn', arn, '--tags', 'a=b');
  const tags = await aws('list-tags-for-resource', '--resource-arn', arn);
  assert.deepEqual(tags, { Tags: [{ Key: 'a', Value: 'b' }] });
  const commitment = ['--minimum-throughput-billing-commitment', 'Status=ENABLED'];
  const account = await aws('update-account-settings', ...commitment);
  const shown = account['MinimumThroughputBillingCommitment'] as { Status: string };
  assert.equal(shown.Status, 'ENABLED');
});
