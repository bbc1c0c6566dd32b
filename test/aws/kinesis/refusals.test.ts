/**
 * What AWS refuses and its service model does not tell: exception and message as somebody has
 * recorded them from AWS itself. Where recordings differ, the newest counts. Each row names its
 * source: a file of a repository on GitHub, or an issue there, with its year where it is known.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Body, closeFirstShard, type DataDoor, dataDoor } from './data-door.ts';
import { account } from './door.ts';

type Row = readonly [
  action: string,
  input: Body,
  exception: string,
  message: string,
  source: string,
];

type Given = {
  readonly door: DataDoor;
  readonly name: string;
  readonly arn: string;
  readonly nowMs: number;
  /** Of a page of shards. */
  readonly token: string;
  readonly iterator: string;
  /** ARNs of consumers. */
  readonly active: string;
  readonly creating: string;
};

const invalid = 'InvalidArgumentException';
const notFound = 'ResourceNotFoundException';
const inUse = 'ResourceInUseException';
const notValid = 'ValidationException';
const dry = 'DryRunOperationException';

/** Signed calls of September 2026. */
const stackd = (file: string, call: number): string =>
  `radkawar/stackd testdata/aws/kinesis/${file}.json, call ${call} (2026)`;
/** A test suite that was run against AWS. */
const kinesalite = (file: string): string => `mhart/kinesalite test/${file}.js (2020)`;
/** Deployments of September 2026. */
const preflight = (rule: string): string =>
  `badmintoncryer/cdk-preflight rules/kinesis/pf-kinesis-${rule} (2026)`;

const shardId = 'shardId-000000000000';
const missingShard = 'shardId-000000000009';
/** Over the indices that shards can have. */
const impossibleShard = 'shardId-999999999999';
const record = { PartitionKey: 'k', Data: '' };
const hashKeysMax = '340282366920938463463374607431768211456';

async function given(t: TestContext): Promise<Given> {
  const door = await dataDoor(t, 2);
  door.stoppedAtMs = Date.now();
  const register = async (ConsumerName: string): Promise<string> => {
    const answer = await door.ask('RegisterStreamConsumer', { StreamARN: door.arn, ConsumerName });
    return String((answer['Consumer'] as Body)['ConsumerARN']);
  };
  const active = await register('active');
  door.aheadMs = 1_000;
  const creating = await register('creating');
  const { name, arn } = door;
  const page = await door.ask('ListShards', { StreamName: name, MaxResults: 1 });
  const token = String(page['NextToken']);
  const iterator = await door.iterator();
  const nowMs = door.stoppedAtMs + door.aheadMs;
  return { door, name, arn, nowMs, token, iterator, active, creating };
}

function addresses({ name, arn, iterator }: Given): Row[] {
  const summary = 'DescribeStreamSummary';
  const foreign = arn.replace(account, '111111111111');
  const elsewhere = arn.replace('us-east-1', 'eu-west-1');
  const region = (of: string): string =>
    `The region specified in the ARN '${of}' does not match the endpoint region`;
  const both = `Input stream name ${name} doesn't match the inferred name in stream arn ${name}-x`;
  const none = "Stream arn and stream name can't be empty at the same time";
  const nobody = 'No account found for the given parameters';
  const unrecognized = 'UnrecognizedClientException';
  const conflict = { StreamName: name, StreamARN: `${arn}-x` };
  const unread = { StreamARN: `${arn}-x`, ShardIterator: iterator };
  return [
    [summary, conflict, invalid, both, stackd('controls', 14)],
    [summary, {}, invalid, none, stackd('controls', 16)],
    [summary, { StreamARN: foreign }, unrecognized, nobody, stackd('controls', 17)],
    [summary, { StreamARN: elsewhere }, invalid, region(elsewhere), stackd('controls', 19)],
    [
      'RegisterStreamConsumer',
      { StreamARN: elsewhere, ConsumerName: 'c' },
      invalid,
      region(elsewhere),
      preflight('consumer-stream-region'),
    ],
    [
      'PutResourcePolicy',
      { ResourceARN: elsewhere, Policy: '{}' },
      invalid,
      region(elsewhere),
      preflight('resource-policy-region'),
    ],
    ['PutRecord', record, invalid, none, stackd('dry_run', 73)],
    ['GetRecords', unread, invalid, both, stackd('dry_run', 18)],
  ];
}

function listings({ name, token, nowMs }: Given): Row[] {
  const together = (other: string): string => `NextToken and ${other} cannot be provided together.`;
  const AT_LATEST = { Type: 'AT_LATEST' };
  const filtered = (Type: string, Timestamp?: number): Body => ({
    StreamName: name,
    ShardFilter: { Type, Timestamp },
  });
  const old = 'ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.';
  const future = 'ShardFilter Timestamp must not be greater than current time.';
  const withFilter = { NextToken: token, ShardFilter: AT_LATEST };
  const withShard = { NextToken: token, ExclusiveStartShardId: shardId };
  const withTime = { NextToken: token, StreamCreationTimestamp: 1 };
  const list = 'ListShards';
  const later = nowMs / 1000 + 60;
  return [
    [list, withFilter, invalid, together('ShardFilter'), stackd('topology', 18)],
    [
      list,
      withShard,
      invalid,
      together('ExclusiveStartShardId'),
      'awslabs/amazon-kinesis-scaling-utils issue 82',
    ],
    [list, withTime, invalid, together('StreamCreationTimestamp'), kinesalite('listShards')],
    [
      list,
      {},
      invalid,
      'Either NextToken or StreamName should be provided.',
      kinesalite('listShards'),
    ],
    [list, filtered('AT_TIMESTAMP', 1), invalid, old, stackd('topology', 8)],
    [list, filtered('FROM_TIMESTAMP', 1), invalid, old, stackd('topology', 9)],
    [list, filtered('AT_TIMESTAMP', later), invalid, future, stackd('topology', 10)],
    [list, filtered('FROM_TIMESTAMP', later), invalid, future, stackd('topology', 11)],
    [
      list,
      filtered('AFTER_SHARD_ID'),
      invalid,
      'ShardId must be provided when the ShardFilter Type is AFTER_SHARD_ID.',
      stackd('topology', 12),
    ],
    [
      'ListStreams',
      { NextToken: token, ExclusiveStartStreamName: name },
      invalid,
      'ExclusiveStartStreamName and NextToken cannot be provided together.',
      stackd('controls', 28),
    ],
    ['ListStreams', { NextToken: 'x' }, invalid, 'Invalid NextToken.', stackd('controls', 29)],
  ];
}

function iterators({ name, nowMs }: Given): Row[] {
  const from = (ShardIteratorType: string, more: Body = {}): Body => ({
    StreamName: name,
    ShardId: shardId,
    ShardIteratorType,
    ...more,
  });
  const at = (StartingSequenceNumber: string): Body =>
    from('AT_SEQUENCE_NUMBER', { StartingSequenceNumber });
  const use = (number: string): string =>
    `StartingSequenceNumber ${number} used in GetShardIterator on shard ${shardId} in stream ` +
    `${name} under account ${account} is invalid`;
  const encodes = (id: string): string =>
    `Invalid StartingSequenceNumber. It encodes ${id}, while it was used in a call to a shard ` +
    `with ${shardId}`;
  const hexadecimal = (digits: string): string => BigInt(`0x${digits}`).toString();
  const farDate = hexadecimal('13bb2cc3d80000000000000000000000');
  const eight = hexadecimal('20000000000800000000000000000000000000000000002');
  const negative = hexadecimal('20000000000000000000000000000000000000800000002');
  const get = 'GetShardIterator';
  const zero = use('21267647932558653966460912964485513216');
  const foreign = `${zero} because it did not come from this stream.`;
  const source = kinesalite('getShardIterator');
  return [
    [get, at('0'), invalid, foreign, stackd('records', 45)],
    [get, at('5'), invalid, encodes('shardId-000000000005'), source],
    [get, at(farDate), invalid, `${use(farDate)}.`, source],
    [get, at(eight), invalid, `${use(eight)}.`, source],
    [get, at(negative), invalid, encodes('shardId--02147483648'), source],
    [
      get,
      from('AT_TIMESTAMP', { Timestamp: (nowMs + 2_000) / 1000 }),
      invalid,
      'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
        `timestampInMillis: ${nowMs + 2_000}, currentTimestampInMillis: ${nowMs}`,
      stackd('records', 42),
    ],
    [
      get,
      { ...from('TRIM_HORIZON'), ShardId: missingShard },
      notFound,
      `Shard ${missingShard} in stream ${name} under account ${account} does not exist`,
      source,
    ],
    [
      'GetRecords',
      { ShardIterator: 'x' },
      invalid,
      'Invalid ShardIterator.',
      stackd('records', 46),
    ],
  ];
}

function startingPositions({ name, active }: Given): Row[] {
  const misused = (how: string): string =>
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and ' +
    'StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ' +
    `Request specified ${how} StartingSequenceNumber.`;
  const get = { StreamName: name, ShardId: shardId };
  const number = { StartingSequenceNumber: '5' };
  const Type = 'AT_SEQUENCE_NUMBER';
  return [
    [
      'GetShardIterator',
      { ...get, ShardIteratorType: Type },
      invalid,
      misused('AT_SEQUENCE_NUMBER and no'),
      stackd('records', 43),
    ],
    [
      'GetShardIterator',
      { ...get, ...number, ShardIteratorType: 'LATEST' },
      invalid,
      misused('LATEST and also a'),
      stackd('records', 44),
    ],
    [
      'SubscribeToShard',
      { ConsumerARN: active, ShardId: shardId, StartingPosition: { Type } },
      invalid,
      misused('AT_SEQUENCE_NUMBER and no'),
      stackd('records', 56),
    ],
  ];
}

function puts({ name }: Given): Row[] {
  const put = { StreamName: name, ...record };
  const range =
    'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. ' +
    `Specified value was ${hashKeysMax}`;
  const farDate = BigInt('0x13bb2cc3d80000000000000000000000').toString();
  const short = 'Member must have length greater than or equal to 1';
  return [
    ['PutRecord', { ...put, ExplicitHashKey: hashKeysMax }, invalid, range, stackd('records', 18)],
    [
      'PutRecord',
      { ...put, SequenceNumberForOrdering: farDate },
      invalid,
      `ExclusiveMinimumSequenceNumber ${farDate} used in PutRecord on stream ${name} under ` +
        `account ${account} is invalid.`,
      kinesalite('putRecord'),
    ],
    [
      'PutRecords',
      { StreamName: name, Records: [record, { ...record, PartitionKey: '' }] },
      notValid,
      "1 validation error detected: Value '' at 'records.2.member.partitionKey' failed to " +
        `satisfy constraint: ${short}`,
      stackd('records', 20),
    ],
    [
      'PutRecords',
      { StreamName: name, Records: [] },
      notValid,
      `1 validation error detected: Value '[]' at 'records' failed to satisfy constraint: ${short}`,
      stackd('records', 21),
    ],
  ];
}

/** Of each action that knows DryRun; the order of checks is AWS's. */
function dryRuns({ name, iterator, active }: Given): Row[] {
  const DryRun = true;
  const put = { StreamName: name, ...record, DryRun };
  const said = (action: string): string =>
    `DryRunOperation validation succeeded while calling ${action} operation.: ` +
    'Request would have succeeded, but DryRun flag is set.';
  const row = (action: string, input: Body, call: number): Row => [
    action,
    { ...input, DryRun },
    dry,
    said(action),
    stackd('dry_run', call),
  ];
  const positionless = { ShardId: shardId, StartingPosition: { Type: 'AT_SEQUENCE_NUMBER' } };
  const unnumbered = { ShardId: impossibleShard, ShardIteratorType: 'AT_SEQUENCE_NUMBER' };
  const lost = { ShardId: impossibleShard, StartingPosition: { Type: 'LATEST' } };
  return [
    row('PutRecord', put, 10),
    row('PutRecords', { StreamName: name, Records: [record] }, 11),
    row('GetShardIterator', { StreamName: name, ...unnumbered }, 37),
    row('GetRecords', { ShardIterator: iterator }, 75),
    row('SubscribeToShard', { ConsumerARN: active, ...positionless }, 41),
    [
      'PutRecord',
      { ...put, ExplicitHashKey: hashKeysMax },
      invalid,
      'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. ' +
        `Specified value was ${hashKeysMax}`,
      stackd('dry_run', 35),
    ],
    [
      'SubscribeToShard',
      { ConsumerARN: active, ...lost, DryRun },
      notFound,
      `Could not find shard ${impossibleShard} in stream ${name} under account ${account}.`,
      stackd('dry_run', 40),
    ],
    [
      'GetShardIterator',
      { StreamName: `${name}-x`, ...unnumbered, DryRun },
      notFound,
      `Stream ${name}-x under account ${account} not found.`,
      stackd('dry_run', 17),
    ],
  ];
}

function consumers({ name, arn, active, creating }: Given): Row[] {
  const position = { ShardId: shardId, StartingPosition: { Type: 'LATEST' } };
  const gone = `${arn}/consumer/none:1`;
  const under = (text: string): string =>
    `Consumer none${text} under stream: ${name}, account ${account} not found.`;
  const seconds = creating.split(':').at(-1);
  return [
    [
      'RegisterStreamConsumer',
      { StreamARN: arn, ConsumerName: 'active' },
      inUse,
      `Consumer active under stream ${name} already exists for account ${account}.`,
      stackd('records', 53),
    ],
    [
      'DescribeStreamConsumer',
      { ConsumerARN: gone },
      notFound,
      under(' with creation timestamp 1'),
      stackd('records', 108),
    ],
    [
      'SubscribeToShard',
      { ConsumerARN: gone, ...position },
      notFound,
      under(''),
      stackd('dry_run', 19),
    ],
    [
      'SubscribeToShard',
      { ConsumerARN: active, ...position, ShardId: impossibleShard },
      notFound,
      `Could not find shard ${impossibleShard} in stream ${name} under account ${account}.`,
      stackd('records', 57),
    ],
    [
      'SubscribeToShard',
      { ConsumerARN: creating, ...position },
      inUse,
      `Consumer creating with creation timestamp ${seconds} under stream: ${name}, account ` +
        `${account} is not in ACTIVE status.`,
      'awslabs/kinesis-hot-shard-advisor issue 37 (2024)',
    ],
    [
      'DeleteStream',
      { StreamName: name },
      inUse,
      `DeleteStream can\u2019t delete ${account}:${name} because there are consumers associated ` +
        `with this data stream. To delete ${name} anyway, set the EnforceConsumerDeletion ` +
        'parameter to true to force the deletion of all the consumers that are associated with it.',
      'rebuy-de/aws-nuke issue 497 (2020)',
    ],
  ];
}

function reshardings({ name }: Given): Row[] {
  const StreamName = name;
  const under = `in stream ${name} under account ${account}`;
  const missing = (id: string, stream = name): string =>
    `Could not find shard ${id} in stream ${stream} under account ${account}.`;
  const merge = (ShardToMerge: string, AdjacentShardToMerge: string, more: Body = {}): Body => ({
    StreamName,
    ShardToMerge,
    AdjacentShardToMerge,
    ...more,
  });
  const half = (1n << 127n) - 1n;
  const scaled = { TargetShardCount: 5, ScalingType: 'UNIFORM_SCALING' };
  return [
    [
      'MergeShards',
      merge(shardId, shardId),
      invalid,
      `Shards ${shardId} and ${shardId} ${under} are not an adjacent pair of shards eligible for ` +
        'merging',
      stackd('topology', 23),
    ],
    [
      'MergeShards',
      merge(shardId, 's-9'),
      notFound,
      missing(missingShard),
      kinesalite('mergeShards'),
    ],
    [
      'MergeShards',
      merge('first', shardId, { StreamName: `${name}-x` }),
      notFound,
      missing('first', `${name}-x`),
      kinesalite('mergeShards'),
    ],
    [
      'SplitShard',
      { StreamName, ShardToSplit: impossibleShard, NewStartingHashKey: '1' },
      notFound,
      missing(impossibleShard),
      stackd('topology', 21),
    ],
    [
      'SplitShard',
      { StreamName, ShardToSplit: shardId, NewStartingHashKey: '0' },
      invalid,
      `NewStartingHashKey 0 used in SplitShard() on shard ${shardId} ${under} is not both ` +
        "greater than one plus the shard's StartingHashKey 0 and less than the shard's " +
        `EndingHashKey ${half}.`,
      stackd('topology', 22),
    ],
    [
      'UpdateShardCount',
      { StreamName, ...scaled },
      invalid,
      'UpdateShardCount cannot scale up over double your current open shard count. ' +
        'Current open shard count: 2 Target shard count: 5',
      stackd('topology_raw', 34),
    ],
  ];
}

function settings({ name, arn }: Given): Row[] {
  const enumerated = (value: string, at: string, values: string): string =>
    `1 validation error detected: Value '${value}' at '${at}' failed to satisfy constraint: ` +
    `Member must satisfy ${values}`;
  const modes = 'enum value set: [ON_DEMAND, PROVISIONED]';
  const metrics =
    'constraint: [Member must satisfy enum value set: [ALL, IteratorAgeMilliseconds, ' +
    'IncomingBytes, WriteProvisionedThroughputExceeded, OutgoingRecords, ' +
    'ReadProvisionedThroughputExceeded, IncomingRecords, OutgoingBytes]]';
  const committed = `Account ${account} is not enabled for minimum throughput billing commitment`;
  const key = { KeyId: 'alias/aws/kinesis', StreamName: name };
  const warm = 'UpdateStreamWarmThroughput';
  return [
    [
      'UpdateStreamMode',
      { StreamARN: arn, StreamModeDetails: { StreamMode: 'X' } },
      notValid,
      enumerated('X', 'streamModeDetails.streamMode', modes),
      stackd('controls', 65),
    ],
    [
      'StartStreamEncryption',
      { ...key, EncryptionType: 'X' },
      notValid,
      enumerated('X', 'encryptionType', 'enum value set: [KMS, NONE]'),
      stackd('controls', 115),
    ],
    [
      'EnableEnhancedMonitoring',
      { StreamName: name, ShardLevelMetrics: ['X'] },
      notValid,
      enumerated('[X]', 'shardLevelMetrics', metrics),
      stackd('controls', 58),
    ],
    [
      'StopStreamEncryption',
      { ...key, EncryptionType: 'KMS' },
      invalid,
      'Cannot stop encrypting an unencrypted stream.',
      stackd('controls', 125),
    ],
    [
      warm,
      { StreamName: name, WarmThroughputMiBps: 0 },
      notValid,
      committed,
      stackd('controls', 80),
    ],
    [
      'CreateStream',
      { StreamName: `${name}-x`, ShardCount: 1, WarmThroughputMiBps: 1 },
      notValid,
      "Either 'warmThroughputMiBps' or 'shardCount' can be set but not both",
      preflight('warm-throughput-shard-count'),
    ],
    [
      'CreateStream',
      { StreamName: `${name}-x`, WarmThroughputMiBps: 1 },
      notValid,
      'WarmThroughputMiBps cannot be set while creating stream in Provisioned StreamMode',
      preflight('warm-throughput-shard-count'),
    ],
  ];
}

function tags({ name, arn, active }: Given): Row[] {
  const own = "Some tag keys in the request started with 'aws:'. System tags cannot be modified.";
  const Tags = { 'aws:a': 'b' };
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 'v']));
  const failed = (to: string, which: string): string =>
    `Failed to add tags to ${to} under account ${account} because a given ${which} cannot have ` +
    'more than 50 tags associated with it.';
  return [
    ['AddTagsToStream', { StreamName: name, Tags }, invalid, own, stackd('controls', 43)],
    ['TagResource', { ResourceARN: arn, Tags }, invalid, own, stackd('controls', 44)],
    // Siblings of the same words.
    ['TagResource', { ResourceARN: active, Tags }, invalid, own, stackd('controls', 44)],
    ['CreateStream', { StreamName: `${name}-x`, ShardCount: 1, Tags }, invalid, own, 'as above'],
    [
      'RegisterStreamConsumer',
      { StreamARN: arn, ConsumerName: 'c', Tags },
      invalid,
      own,
      'as above',
    ],
    ['UntagResource', { ResourceARN: arn, TagKeys: ['aws:a'] }, invalid, own, 'as above'],
    ['RemoveTagsFromStream', { StreamName: name, TagKeys: ['aws:a'] }, invalid, own, 'as above'],
    [
      'TagResource',
      { ResourceARN: arn, Tags: many },
      invalid,
      failed(`resource ${arn}`, 'resource'),
      stackd('controls', 45),
    ],
    [
      'AddTagsToStream',
      { StreamName: name, Tags: many },
      invalid,
      failed(`stream ${name}`, 'stream'),
      kinesalite('addTagsToStream'),
    ],
  ];
}

function policies({ arn }: Given): Row[] {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: '123456789012' },
    Action: 'kinesis:PutRecord',
    Resource: arn,
  };
  const { Principal: _left, ...nobodys } = statement;
  const put = (text: string): Body => ({ ResourceARN: arn, Policy: text });
  const of = (one: Body): Body => put(JSON.stringify({ Version: '2012-10-17', Statement: [one] }));
  const row = (input: Body, message: string, source: string): Row => [
    'PutResourcePolicy',
    input,
    invalid,
    `Policy validation error: ${message}`,
    source,
  ];
  const at = 'Resource policy contains invalid statement at line 1, column 38: ';
  const [action, principal] = [
    preflight('resource-policy-action'),
    preflight('resource-policy-principal'),
  ];
  return [
    row(put('{'), 'This policy contains invalid Json', stackd('controls', 84)),
    row(of(nobodys), 'Missing required field Principal', principal),
    row(of({ ...nobodys, NotPrincipal: '*' }), 'Has prohibited field NotPrincipal', principal),
    row(
      of({ ...statement, Action: 's3:GetObject' }),
      `${at}Action field includes AWS services that are inconsistent with specified vendor`,
      action,
    ),
    row(
      of({ ...statement, Resource: `${arn}-x` }),
      `${at}The resource policy's resource must be the same as the resource ARN.`,
      preflight('resource-policy-resource'),
    ),
  ];
}

async function assertRefused(t: TestContext, door: DataDoor, rows: readonly Row[]): Promise<void> {
  for (const [action, input, exception, message, source] of rows) {
    await t.test(`${action}: ${message} — ${source}`, async () => {
      assert.deepEqual(await door.ask(action, input), { __type: exception, message });
    });
  }
}

test('what AWS refuses is refused in its words', async (t) => {
  const all = await given(t);
  await assertRefused(t, all.door, [
    ...addresses(all),
    ...listings(all),
    ...iterators(all),
    ...startingPositions(all),
    ...puts(all),
    ...dryRuns(all),
    ...consumers(all),
    ...reshardings(all),
    ...settings(all),
    ...tags(all),
    ...policies(all),
  ]);
});

test('a closed shard has nothing after its end, and is not split again', async (t) => {
  const door = await dataDoor(t);
  await closeFirstShard(door, 0n);
  const { Shards } = await door.ask('ListShards', { StreamName: door.name });
  const [closed] = Shards as [{ SequenceNumberRange: Body }];
  const StreamName = door.name;
  const ended = { StartingSequenceNumber: closed.SequenceNumberRange['EndingSequenceNumber'] };
  await assertRefused(t, door, [
    [
      'GetShardIterator',
      { StreamName, ShardId: shardId, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', ...ended },
      invalid,
      'Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, ' +
        'SequenceNumber has reached max possible value for the shard.',
      'etspaceman/kinesis-mock issue 1536',
    ],
    [
      'SplitShard',
      { StreamName, ShardToSplit: shardId, NewStartingHashKey: '1' },
      invalid,
      `Shard ${shardId} in stream ${door.name} under account ${account} has already been merged ` +
        'or split, and thus is not eligible for merging or splitting.',
      stackd('topology', 35),
    ],
  ]);
});

test('a third change of the mode in a day is over the rate', async (t) => {
  const door = await dataDoor(t);
  door.stoppedAtMs = Date.now();
  const change = (StreamMode: string) => {
    door.aheadMs += 1_000;
    return door.ask('UpdateStreamMode', { StreamARN: door.arn, StreamModeDetails: { StreamMode } });
  };
  for (const mode of ['ON_DEMAND', 'PROVISIONED']) assert.equal(await change(mode), undefined);
  // radkawar/stackd testdata/aws/kinesis/controls.json, call 134 (2026).
  assert.deepEqual(await change('ON_DEMAND'), {
    __type: 'LimitExceededException',
    message: `Rate exceeded for stream ${door.name} under account ${account}.`,
  });
});

/** What one might think that AWS refuses, and what its answers leave out. */
test('what AWS takes is taken', async (t) => {
  const { door, name, arn, token, iterator } = await given(t);
  const numbers = async (action: string, input: Body): Promise<number> =>
    ((await door.ask(action, input))['Shards'] as unknown[] | undefined)?.length ?? -1;
  // radkawar/stackd testdata/aws/kinesis/topology.json (2026), calls 17, 19, 13, 14; before, AWS
  // refused any name beside a token: aws/aws-cli issue 9635 (2025).
  assert.equal(await numbers('ListShards', { NextToken: token, StreamARN: arn }), 1);
  assert.equal(await numbers('ListShards', { NextToken: token, StreamName: name }), 1);
  const latest = (more: Body): Body => ({
    StreamName: name,
    ShardFilter: { Type: 'AT_LATEST', ...more },
  });
  assert.equal(await numbers('ListShards', latest({ Timestamp: 1 })), 2);
  assert.equal(await numbers('ListShards', latest({ ShardId: shardId })), 1);
  // records.json there, calls 13 and 36; kinesalite test/putRecord.js (2020).
  const earlier = BigInt('0x20000000000000000000000000000000000000000000001').toString();
  for (const SequenceNumberForOrdering of ['0', earlier]) {
    const put = { StreamName: name, ...record, SequenceNumberForOrdering };
    assert.equal(typeof (await door.ask('PutRecord', put))['SequenceNumber'], 'string');
  }
  const at = { StreamName: name, ShardId: shardId, ShardIteratorType: 'AT_TIMESTAMP' };
  const begun = await door.ask('GetShardIterator', { ...at, Timestamp: 0 });
  assert.equal(typeof begun['ShardIterator'], 'string');
  // localstack/localstack tests/aws/services/kinesis/test_kinesis.py (2024).
  assert.ok((await door.read(`"${iterator}"`)).Records !== undefined);
  // topology.json, call 6.
  const same = { StreamName: name, TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' };
  assert.equal((await door.ask('UpdateShardCount', same))['TargetShardCount'], 2);
});

test('times are whole seconds, and encrypting again is an update again', async (t) => {
  const { door, name } = await given(t);
  const summary = async (): Promise<Body> => {
    const answer = await door.ask('DescribeStreamSummary', { StreamName: name });
    return answer['StreamDescriptionSummary'] as Body;
  };
  // radkawar/stackd testdata/aws/kinesis/controls.json (2026).
  assert.ok(Number.isInteger((await summary())['StreamCreationTimestamp']));
  const key = { StreamName: name, EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' };
  for (let count = 0; count < 2; count += 1) {
    assert.equal(await door.ask('StartStreamEncryption', key), undefined);
    assert.equal((await summary())['StreamStatus'], 'UPDATING');
    door.aheadMs += 1_000;
  }
});
