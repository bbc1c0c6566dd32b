/** What calls name when they pass the authorizer. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  type Access,
  type Authorizer,
  noRefusals,
  type Refusal,
} from '../../../src/access/authorizer.ts';
import { actions } from '../../../src/aws/kinesis/actions/index.ts';
import { kinesisService } from '../../../src/aws/kinesis/service.ts';
import { pagingTokenOf } from '../../../src/aws/protocol/tokens.ts';
import { printShardIterator } from '../../../src/domain/records/shard-iterator.ts';
import { toOffset } from '../../../src/domain/streams/stream.ts';
import { account, call, serve, settingsWith, testActions } from './door.ts';

type Body = Record<string, unknown>;

const secret = Buffer.alloc(32, 7);
const clock = { nowMs: () => 1_795_000_000_000 };
const StreamName = 'orders';
const StreamARN = `arn:aws:kinesis:eu-west-1:${account}:stream/orders`;
const ConsumerARN = `${StreamARN}/consumer/app:1795000000`;
const stream = { kind: 'stream', name: 'orders' } as const;
const QueueARN = `arn:aws:kinesis:eu-west-1:${account}:queue/jobs-1234abcd`;
const queue = { kind: 'queue', name: 'jobs-1234abcd' } as const;
const consumer = { kind: 'consumer', name: 'orders/consumer/app:1795000000' } as const;
const all = { kind: 'all', name: '*' } as const;
const key = { kind: 'key', name: 'alias/aws/kinesis' } as const;
const encryption = { StreamName, EncryptionType: 'KMS', KeyId: key.name };

const position = { stream: 'orders', logId: 'log', shardIndex: 0, offset: toOffset(0n) };
const ShardIterator = printShardIterator(position, clock.nowMs(), secret);
const tokenAt = { stream: 'orders', logId: 'log', after: '' };
const NextToken = pagingTokenOf('ListShards', tokenAt, { secret, clock });

/** Most accesses have the action's own name. */
type Named = Pick<Access, 'kind' | 'name'> & Partial<Pick<Access, 'action'>>;
const shard = { ShardId: 'shardId-000000000000' };
const put = { PartitionKey: 'k', Data: 'YQ==' };

const entries = { QueueARN, Entries: [{ ReceiptHandle: 'a' }] };
const timed = { QueueARN, Entries: [{ ReceiptHandle: 'a', VisibilityTimeoutSeconds: 1 }] };

/** A valid call of every action, and the things that it names. */
const calls: Readonly<Record<string, readonly [input: Body, ...named: Named[]][]>> = {
  AcknowledgeDeadLetterQueueRecords: [[entries, queue]],
  AcknowledgeQueueRecords: [[entries, queue]],
  AddTagsToStream: [[{ StreamARN, Tags: { a: 'b' } }, stream]],
  CreateQueue: [
    [
      { QueueName: 'jobs', StreamConfigurationList: [{ StreamARN }] },
      { kind: 'queue', name: 'jobs' },
      { ...stream, action: 'kinesis:AssociateStreamsWithQueue' },
    ],
  ],
  CreateStream: [[{ StreamName, ShardCount: 1 }, stream]],
  DecreaseStreamRetentionPeriod: [[{ StreamName, RetentionPeriodHours: 24 }, stream]],
  DeleteQueue: [[{ QueueARN }, queue]],
  DeleteResourcePolicy: [
    [{ ResourceARN: StreamARN }, stream],
    [{ ResourceARN: QueueARN }, queue],
  ],
  DeleteStream: [[{ StreamName }, stream]],
  DeregisterStreamConsumer: [[{ ConsumerARN }, consumer]],
  DescribeAccountSettings: [[{}, all]],
  DescribeLimits: [[{}, all]],
  DescribeQueue: [[{ QueueARN }, queue]],
  DescribeStream: [[{ StreamName }, stream]],
  DescribeStreamConsumer: [
    [{ ConsumerARN }, consumer],
    [
      { StreamARN, ConsumerName: 'app' },
      { kind: 'consumer', name: 'orders/consumer/app' },
    ],
  ],
  DescribeStreamSummary: [[{ StreamName }, stream]],
  DisableEnhancedMonitoring: [[{ StreamName, ShardLevelMetrics: ['ALL'] }, stream]],
  EnableEnhancedMonitoring: [[{ StreamName, ShardLevelMetrics: ['ALL'] }, stream]],
  GetRecords: [[{ ShardIterator }, stream]],
  GetResourcePolicy: [
    [{ ResourceARN: ConsumerARN }, consumer],
    [{ ResourceARN: QueueARN }, queue],
  ],
  GetShardIterator: [[{ StreamName, ...shard, ShardIteratorType: 'LATEST' }, stream]],
  IncreaseStreamRetentionPeriod: [[{ StreamName, RetentionPeriodHours: 48 }, stream]],
  ListQueues: [
    [{}, all],
    [{ StreamFilter: [{ StreamARN }] }, all],
  ],
  ListShards: [
    [{ StreamName }, stream],
    [{ NextToken }, stream],
  ],
  ListStreamConsumers: [[{ StreamARN }, stream]],
  ListStreams: [[{}, all]],
  ListTagsForResource: [
    [{ ResourceARN: ConsumerARN }, consumer],
    [{ ResourceARN: QueueARN }, queue],
  ],
  ListTagsForStream: [[{ StreamName }, stream]],
  MergeShards: [[{ StreamName, ShardToMerge: 'a', AdjacentShardToMerge: 'b' }, stream]],
  PutRecord: [[{ StreamName, ...put }, stream]],
  PutRecords: [[{ StreamARN, Records: [put, put] }, stream]],
  PutResourcePolicy: [
    [{ ResourceARN: StreamARN, Policy: '{}' }, stream],
    [{ ResourceARN: QueueARN, Policy: '{}' }, queue],
  ],
  ReceiveDeadLetterQueueRecords: [[{ QueueARN }, queue]],
  ReceiveQueueRecords: [[{ QueueARN }, queue]],
  RegisterStreamConsumer: [[{ StreamARN, ConsumerName: 'app' }, stream]],
  RemoveTagsFromStream: [[{ StreamName, TagKeys: ['a'] }, stream]],
  RestoreDeadLetterQueueRecords: [[entries, queue]],
  SplitShard: [[{ StreamName, ShardToSplit: 'a', NewStartingHashKey: '1' }, stream]],
  StartStreamEncryption: [[encryption, stream, key]],
  StopStreamEncryption: [[encryption, stream, key]],
  SubscribeToShard: [[{ ConsumerARN, ...shard, StartingPosition: { Type: 'LATEST' } }, consumer]],
  TagResource: [
    [{ ResourceARN: ConsumerARN, Tags: { a: 'b' } }, consumer],
    [{ ResourceARN: QueueARN, Tags: { a: 'b' } }, queue],
  ],
  UntagResource: [
    [{ ResourceARN: StreamARN, TagKeys: ['a'] }, stream],
    [{ ResourceARN: QueueARN, TagKeys: ['a'] }, queue],
  ],
  UpdateAccountSettings: [[{ MinimumThroughputBillingCommitment: { Status: 'ENABLED' } }, all]],
  UpdateDeadLetterQueueRecordsVisibility: [[timed, queue]],
  UpdateMaxRecordSize: [[{ StreamARN, MaxRecordSizeInKiB: 1024 }, stream]],
  UpdateQueue: [[{ QueueARN, QueueAttributes: {} }, queue]],
  UpdateQueueRecordsVisibility: [[timed, queue]],
  UpdateShardCount: [[{ StreamName, TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' }, stream]],
  UpdateStreamMode: [[{ StreamARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }, stream]],
  UpdateStreamRecordDistributionStrategy: [
    [{ StreamARN, RecordDistributionStrategy: 'AUTO' }, stream],
  ],
  UpdateStreamWarmThroughput: [[{ StreamName, WarmThroughputMiBps: 1 }, stream]],
};

/** Refuses everything, and keeps what it was asked. */
function refusing(asked: Access[][]): Authorizer {
  return {
    async authorize(_session, accesses): Promise<readonly Refusal[]> {
      const listed = 'action' in accesses ? [accesses] : [...accesses];
      asked.push(listed);
      const message = `User: nobody is not authorized to perform: ${listed[0]!.action}`;
      return listed.map((access) => ({ access, message }));
    },
  };
}

function guardedDoor(t: TestContext, authorizer: Authorizer) {
  // Nothing else is touched before a call is allowed.
  const service = kinesisService(settingsWith({ region: 'eu-west-1', secret, clock }));
  return serve(t, [service], { authorizer });
}

test('every action passes the authorizer once, with everything that the call names', async (t) => {
  const asked: Access[][] = [];
  const { port } = await guardedDoor(t, refusing(asked));
  assert.deepEqual(
    Object.keys(calls),
    actions.map(({ name }) => name),
  );
  for (const [name, variants] of Object.entries(calls)) {
    for (const [input, ...named] of variants) {
      const { status, body } = await call(port, name, input);
      const action = `kinesis:${name}`;
      assert.deepEqual(
        [status, body],
        [
          400,
          {
            __type: 'AccessDeniedException',
            Message: `User: nobody is not authorized to perform: ${action}`,
          },
        ],
      );
      assert.deepEqual(
        asked.splice(0),
        [named.map((each) => ({ action, ...each }))],
        JSON.stringify(input),
      );
    }
  }
});

test('a call that is not valid is refused before anybody is asked', async (t) => {
  const asked: Access[][] = [];
  const { port } = await guardedDoor(t, refusing(asked));
  const invalid: readonly (readonly [action: string, input: Body, type: string])[] = [
    ['PutRecord', { StreamName }, 'ValidationException'],
    ['PutRecord', put, 'InvalidArgumentException'],
    ['GetRecords', { ShardIterator: 'AAAA' }, 'InvalidArgumentException'],
    ['ListShards', { NextToken: 'AAAA' }, 'InvalidArgumentException'],
    [
      'CreateQueue',
      { QueueName: 'jobs', StreamConfigurationList: [{ StreamARN }, { StreamARN }] },
      'ValidationException',
    ],
    [
      'TagResource',
      { ResourceARN: `${StreamARN}/consumer/`, Tags: { a: 'b' } },
      'InvalidArgumentException',
    ],
  ];
  for (const [action, input, type] of invalid) {
    assert.equal(((await call(port, action, input)).body as Body)['__type'], type);
  }
  assert.deepEqual(asked, []);
});

test('what the authorizer allows continues to the action', async (t) => {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize(_session, accesses) {
      asked.push(JSON.stringify(accesses));
      return noRefusals;
    },
  };
  const service = kinesisService(settingsWith({ region: 'eu-west-1' }), testActions);
  const { port } = await serve(t, [service], { authorizer });
  assert.deepEqual((await call(port, 'DescribeLimits', { Whole: 3 })).body, { Whole: 3 });
  assert.deepEqual(asked, ['{"action":"kinesis:DescribeLimits","kind":"all","name":"*"}']);
});
