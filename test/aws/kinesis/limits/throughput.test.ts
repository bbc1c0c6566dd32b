/** Rates of shards over real HTTP, on a clock that stands still until the test moves it. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { KinesisClient, SubscribeToShardCommand } from '@aws-sdk/client-kinesis';
import { consumerCreationMs } from '../../../../src/domain/streams/consumers.ts';
import { actions } from '../../../../src/aws/kinesis/actions/index.ts';
import { Faults, parseFaults } from '../../../../src/aws/kinesis/limits/faults.ts';
import type { Clock } from '../../../../src/ports/clock.ts';
import { KeyedRates } from '../../../../src/streams/limits/keyed-rates.ts';
import { type LimitedStream, ShardLimits } from '../../../../src/streams/limits/shard-limits.ts';
import { base64, type Body, type DataDoor, dataDoor } from '../data-door.ts';
import { account } from '../door.ts';

const mib = 1024 * 1024;
const actionNames = actions.map(({ name }) => name);
const firstShard = 'shardId-000000000000';
const throughputExceeded = 'ProvisionedThroughputExceededException';

type Limited = { readonly door: DataDoor; readonly throttled: string[]; readonly faults: string[] };
type Making = {
  readonly shardCount?: number;
  readonly faults?: string;
  readonly random?: () => number;
  readonly shards?: (clock: Clock) => ShardLimits | undefined;
};

async function limitedDoor(t: TestContext, making: Making = {}): Promise<Limited> {
  const throttled: string[] = [];
  const faults: string[] = [];
  const { shards = (clock) => new ShardLimits(clock) } = making;
  const door = await dataDoor(t, making.shardCount, {}, (clock) => ({
    limits: {
      shards: shards(clock),
      calls: new KeyedRates(clock, 1_000),
      faults: new Faults(parseFaults(making.faults ?? '', actionNames), making.random),
      observer: {
        throttled: (service, ...what) => {
          assert.equal(service, 'kinesis');
          throttled.push(what.join(' '));
        },
        injected: (service, ...what) => {
          assert.equal(service, 'kinesis');
          faults.push(what.join(' '));
        },
      },
    },
  }));
  door.stoppedAtMs = Date.now();
  return { door, throttled, faults };
}

function rateExceeded(door: DataDoor, shard = firstShard): Body {
  return {
    __type: throughputExceeded,
    message: `Rate exceeded for shard ${shard} in stream ${door.name} under account ${account}.`,
  };
}

function records(count: number, bytes = 1, more: Body = {}): Body[] {
  const Data = Buffer.alloc(bytes, 'x').toString('base64');
  return Array.from({ length: count }, () => ({ Data, PartitionKey: 'k', ...more }));
}

function put(door: DataDoor, Records: Body[]): Promise<Body> {
  return door.ask('PutRecords', { StreamName: door.name, Records });
}

test('PutRecord over 1 MiB/s is refused in the words of AWS, and taken later', async (t) => {
  const { door, throttled } = await limitedDoor(t);
  const one = { StreamName: door.name, PartitionKey: 'k', Data: base64('x'.repeat(mib - 1)) };
  assert.equal((await door.ask('PutRecord', one))['ShardId'], firstShard);
  assert.deepEqual(await door.ask('PutRecord', one), rateExceeded(door));
  door.aheadMs = 999;
  assert.deepEqual(await door.ask('PutRecord', one), rateExceeded(door));
  door.aheadMs = 1_000;
  assert.equal((await door.ask('PutRecord', one))['ShardId'], firstShard);
  assert.deepEqual(throttled, ['PutRecord provisioned 1', 'PutRecord provisioned 1']);
});

test('PutRecords over 1,000 records/s fails entry by entry', async (t) => {
  const { door, throttled } = await limitedDoor(t);
  assert.equal((await put(door, records(500)))['FailedRecordCount'], 0);
  assert.equal((await put(door, records(300)))['FailedRecordCount'], 0);
  const answer = await put(door, records(500));
  assert.equal(answer['FailedRecordCount'], 300);
  const entries = answer['Records'] as Body[];
  assert.ok(entries.slice(0, 200).every(({ SequenceNumber }) => SequenceNumber !== undefined));
  const { __type: ErrorCode, message: ErrorMessage } = rateExceeded(door);
  for (const entry of entries.slice(200)) assert.deepEqual(entry, { ErrorCode, ErrorMessage });
  assert.deepEqual(throttled, ['PutRecords provisioned 300']);
  door.aheadMs = 300;
  assert.equal((await put(door, records(300)))['FailedRecordCount'], 0);
  assert.equal((await put(door, records(1)))['FailedRecordCount'], 1);
});

test('small records behind a refused one of their shard are refused: order holds', async (t) => {
  const { door } = await limitedDoor(t);
  await put(door, records(1, mib - 1_000));
  const answer = await put(door, [...records(1), ...records(1, 2_000), ...records(3)]);
  assert.deepEqual(
    (answer['Records'] as Body[]).map(({ ErrorCode }) => ErrorCode),
    [undefined, ...Array.from({ length: 4 }, () => throughputExceeded)],
  );
});

test('each shard has its own budget', async (t) => {
  const { door } = await limitedDoor(t, { shardCount: 2 });
  const low = { ExplicitHashKey: '0' };
  const high = { ExplicitHashKey: String(2n ** 128n - 1n) };
  for (let times = 0; times < 2; times++) await put(door, records(500, 1, low));
  const answer = await put(door, [...records(2, 1, low), ...records(2, 1, high)]);
  const codes = (answer['Records'] as Body[]).map(({ ErrorCode }) => ErrorCode);
  assert.deepEqual(codes, [throughputExceeded, throughputExceeded, undefined, undefined]);
});

/** With the budgets of its shards. */
async function spreadDoor(t: TestContext): Promise<Limited & { readonly budgets: ShardLimits }> {
  let budgets: ShardLimits | undefined;
  const shards = (clock: Clock) => (budgets = new ShardLimits(clock));
  const limited = await limitedDoor(t, { shardCount: 2, shards });
  await limited.door.streams.change(limited.door.name, (stream) => ({
    ...stream,
    mode: 'ON_DEMAND',
    settings: { distribution: 'AUTO' },
  }));
  return { ...limited, budgets: budgets! };
}

test('records that are spread go to the shards that have room', async (t) => {
  const { door, throttled, budgets } = await spreadDoor(t);
  const stream = await door.streams.find(door.name);
  assert.equal(budgets.takeWrite(stream, 0, mib, 1), 0);
  const shardsOf = (answer: Body) =>
    new Set((answer['Records'] as Body[]).map(({ ShardId }) => ShardId));
  const other = 'shardId-000000000001';
  assert.deepEqual(shardsOf(await put(door, records(500))), new Set([other]));
  for (let times = 0; times < 3; times++) {
    const [record] = records(1);
    const one = await door.ask('PutRecord', { StreamName: door.name, ...record });
    assert.equal(one['ShardId'], other);
  }
  assert.deepEqual(throttled, []);
  const usage = budgets.takeUsage().flatMap(({ shards }) => shards);
  assert.deepEqual(
    usage.map(({ index, records: count, isThrottled }) => [index, count, isThrottled]),
    [
      [0, 1, false],
      [1, 503, false],
    ],
  );
  door.aheadMs = 500;
  const answer = await put(door, records(500, 2_600));
  const counts = [firstShard, other].map(
    (id) => (answer['Records'] as Body[]).filter(({ ShardId }) => ShardId === id).length,
  );
  // The first one has half of its MiB again, which is less than half of the records.
  assert.deepEqual(counts, [201, 299]);
});

test('records that are spread are refused only where no shard has room', async (t) => {
  const { door, throttled } = await spreadDoor(t);
  for (let times = 0; times < 4; times++) {
    assert.equal((await put(door, records(500)))['FailedRecordCount'], 0);
  }
  const answer = await put(door, records(3));
  assert.equal(answer['FailedRecordCount'], 3);
  for (const entry of answer['Records'] as Body[]) {
    assert.equal(entry['ErrorCode'], throughputExceeded);
  }
  const [record] = records(1);
  const one = await door.ask('PutRecord', { StreamName: door.name, ...record });
  assert.equal(one['__type'], throughputExceeded);
  assert.deepEqual(throttled, ['PutRecords on-demand 3', 'PutRecord on-demand 1']);
});

test('a dry run writes nothing and uses no budget', async (t) => {
  const { door } = await limitedDoor(t);
  const dry = { StreamName: door.name, DryRun: true };
  const ShardIterator = await door.iterator();
  const position = { ShardIteratorType: 'LATEST', ShardId: firstShard };
  const [record] = records(1, mib - 1);
  const calls: [string, Body][] = [
    ['PutRecord', { ...dry, ...record }],
    ['PutRecords', { ...dry, Records: records(500) }],
    ['GetShardIterator', { ...dry, ...position }],
    ['GetRecords', { ShardIterator, DryRun: true }],
  ];
  for (const [action, body] of calls) {
    for (let times = 0; times < 6; times++) {
      assert.equal((await door.ask(action, body))['__type'], 'DryRunOperationException');
    }
  }
  for (let times = 0; times < 4; times++) await door.iterator();
  assert.deepEqual((await door.read(ShardIterator)).Records, []);
  assert.equal((await put(door, records(500)))['FailedRecordCount'], 0);
  assert.equal((await put(door, records(500)))['FailedRecordCount'], 0);
});

test('a shard reads five times a second', async (t) => {
  const { door } = await limitedDoor(t);
  const iterator = await door.iterator();
  for (let call = 0; call < 5; call++) assert.deepEqual((await door.read(iterator)).Records, []);
  assert.deepEqual(await door.read(iterator), rateExceeded(door));
  door.aheadMs = 200;
  assert.deepEqual((await door.read(iterator)).Records, []);
});

test('after 10 MiB in one GetRecords the shard is not read for 5 s', async (t) => {
  const { door } = await limitedDoor(t);
  const value = Buffer.alloc(mib - 1, 'x');
  for (let times = 0; times < 12; times++) {
    await door.append(0, { key: Buffer.from('k'), value });
  }
  const { Records, NextShardIterator } = await door.read(await door.iterator());
  assert.equal(Records.length, 10);
  assert.deepEqual(await door.read(NextShardIterator!), rateExceeded(door));
  door.aheadMs = 4_999;
  assert.deepEqual(await door.read(NextShardIterator!), rateExceeded(door));
  door.aheadMs = 5_000;
  assert.equal((await door.read(NextShardIterator!)).Records.length, 2);
});

test('GetShardIterator is refused after five in a second for the shard', async (t) => {
  const { door } = await limitedDoor(t, { shardCount: 2 });
  const ask = (ShardId: string) =>
    door.ask('GetShardIterator', {
      StreamName: door.name,
      ShardIteratorType: 'LATEST',
      ShardId,
    });
  for (let call = 0; call < 5; call++) assert.ok('ShardIterator' in (await ask(firstShard)));
  assert.deepEqual(await ask(firstShard), rateExceeded(door));
  assert.ok('ShardIterator' in (await ask('shardId-000000000001')));
  door.aheadMs = 200;
  assert.ok('ShardIterator' in (await ask(firstShard)));
});

test('UpdateShardCount is refused after ten times in 24 hours', async (t) => {
  const { door } = await limitedDoor(t);
  const address = { StreamName: door.name, ScalingType: 'UNIFORM_SCALING' };
  const update = () => door.ask('UpdateShardCount', { ...address, TargetShardCount: 1 });
  for (let times = 0; times < 10; times++) assert.equal((await update())['TargetShardCount'], 1);
  door.aheadMs = 86_399_999;
  assert.equal((await update())['__type'], 'LimitExceededException');
  door.aheadMs = 86_400_000;
  assert.equal((await update())['TargetShardCount'], 1);
});

test('topics that were not created through Kinesis have no rates of shards', async (t) => {
  const { door } = await limitedDoor(t);
  await door.streams.change(door.name, (stream) => ({ ...stream, rules: 'kafka' }));
  for (let times = 0; times < 3; times++) {
    assert.equal((await put(door, records(500)))['FailedRecordCount'], 0);
  }
  const iterator = await door.iterator();
  for (let call = 0; call < 8; call++)
    assert.equal((await door.read(iterator)).Records.length, 1500);
});

test('an action called more often than AWS allows is refused for a moment', async (t) => {
  const { door, throttled } = await limitedDoor(t);
  const describe = () => door.ask('DescribeStream', { StreamName: door.name });
  for (let times = 0; times < 10; times++) assert.ok('StreamDescription' in (await describe()));
  assert.deepEqual(await describe(), {
    __type: 'LimitExceededException',
    message: `Rate exceeded for stream ${door.name} under account ${account}.`,
  });
  assert.ok('OpenShardCount' in (await door.ask('DescribeLimits', {})));
  assert.deepEqual(await door.ask('DescribeLimits', {}), {
    __type: 'LimitExceededException',
    message: `Rate exceeded for account ${account}.`,
  });
  door.aheadMs = 1_000;
  assert.ok('StreamDescription' in (await describe()));
  assert.ok('OpenShardCount' in (await door.ask('DescribeLimits', {})));
  assert.deepEqual(throttled, ['DescribeStream account 1', 'DescribeLimits account 1']);
});

test('rates of streams are kept for each stream, however it is named', async (t) => {
  const { door } = await limitedDoor(t);
  const byName = { StreamName: door.name };
  const byArn = { StreamARN: door.arn };
  for (const address of [byName, byArn, byName, byArn, byName]) {
    assert.ok('Tags' in (await door.ask('ListTagsForStream', address)));
  }
  const refused = await door.ask('ListTagsForStream', byArn);
  assert.equal(refused['__type'], 'LimitExceededException');
  const other = await door.ask('ListTagsForStream', { StreamName: 'another' });
  assert.equal(other['__type'], 'ResourceNotFoundException');
});

test('a consumer subscribes to a shard once a second, and is paced', async (t) => {
  const delays: number[] = [];
  class Watched extends ShardLimits {
    override fanOutPace(stream: LimitedStream) {
      const pace = super.fanOutPace(stream);
      return (bytes: number) => {
        const delayMs = pace?.(bytes) ?? 0;
        delays.push(delayMs);
        // Told, and not waited for: the clock stands still.
        return 0;
      };
    }
  }
  const { door } = await limitedDoor(t, { shards: (clock) => new Watched(clock) });
  const value = Buffer.alloc(mib - 1, 'x');
  for (let times = 0; times < 6; times++) await door.append(0, { key: Buffer.from('k'), value });
  const asked = { StreamARN: door.arn, ConsumerName: 'app' };
  const { Consumer } = await door.ask('RegisterStreamConsumer', asked);
  door.aheadMs = consumerCreationMs;
  const { ConsumerARN } = Consumer as { ConsumerARN: string };
  const subscribe = async () => {
    const client = new KinesisClient({
      endpoint: `http://127.0.0.1:${door.port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
    t.after(() => client.destroy());
    const StartingPosition = { Type: 'TRIM_HORIZON' } as const;
    const command = { ConsumerARN, ShardId: firstShard, StartingPosition };
    return (await client.send(new SubscribeToShardCommand(command))).EventStream!;
  };
  let seen = 0;
  for await (const { SubscribeToShardEvent: event } of await subscribe()) {
    seen += event?.Records?.length ?? 0;
    if (seen === 6) break;
  }
  assert.deepEqual(delays.slice(0, 6), [0, 0, 500, 1_000, 1_500, 2_000]);
  // The first one has gone, and there was another one in this second.
  await assert.rejects(subscribe, { name: /^(?:LimitExceeded|ResourceInUse)Exception$/ });
});

test('faults happen to whole calls, and those of throughput to single records', async (t) => {
  let rolled = 0;
  const { door, faults } = await limitedDoor(t, {
    faults: `PutRecords:${throughputExceeded}:0.5,DescribeStream:InternalFailure:0.5`,
    random: () => (rolled++ % 2 === 0 ? 0.4 : 0.6),
  });
  const answer = await put(door, records(4));
  assert.equal(answer['FailedRecordCount'], 2);
  assert.deepEqual(
    (answer['Records'] as Body[]).map(({ ErrorCode }) => ErrorCode),
    [throughputExceeded, undefined, throughputExceeded, undefined],
  );
  const failed = await door.ask('DescribeStream', { StreamName: door.name });
  assert.equal(failed['__type'], 'InternalFailure');
  assert.ok('StreamDescription' in (await door.ask('DescribeStream', { StreamName: door.name })));
  assert.deepEqual(faults, [
    `PutRecords ${throughputExceeded} 2`,
    'DescribeStream InternalFailure 1',
  ]);
  const iterator = await door.iterator();
  assert.equal((await door.read(iterator)).Records.length, 2, 'what was refused is not there');
});
