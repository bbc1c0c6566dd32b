/** AUTO streams, which spread their records over their shards: over real HTTP, on real Kafka. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  KinesisClient,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { stickRecordsMax } from '../../../src/domain/streams/spread-turns.ts';
import { decodeCbor } from '../../../src/aws/protocol/cbor.ts';
import { encodeBody } from '../../../src/aws/protocol/codec.ts';
import { kafkaClient } from '../../support/doors.ts';
import { sharedEngines } from '../../support/engines.ts';
import { untilTrue } from '../../support/until.ts';
import { base64, type Body, type DataDoor, dataDoor, type Shown, textsOf } from './data-door.ts';
import { account, call } from './door.ts';

const { kafkaBootstrap } = await sharedEngines();
const onDemand = { StreamModeDetails: { StreamMode: 'ON_DEMAND' } };
const shardIds = [0, 1, 2, 3].map((index) => `shardId-00000000000${index}`);

type Spread = {
  readonly door: DataDoor;
  readonly name: string;
  readonly arn: string;
  ask(action: string, body?: Body): Promise<Body>;
  /** The oldest records of a shard. */
  read(shard: number): Promise<readonly Shown[]>;
  change(strategy: 'AUTO' | 'USER_PARTITION_KEY'): Promise<void>;
};

/** An on-demand stream of four shards. */
async function spreadStream(t: TestContext, strategy?: 'AUTO'): Promise<Spread> {
  const opened: DataDoor[] = [];
  // Before the door closes its connections.
  t.after(() => Promise.all(opened.map((each) => each.streams.delete(`${each.name}-spread`))));
  const door = await dataDoor(t);
  opened.push(door);
  const name = `${door.name}-spread`;
  const arn = `${door.arn}-spread`;
  const made = strategy === undefined ? onDemand : { ...onDemand, ...named(strategy) };
  assert.equal(await door.ask('CreateStream', { StreamName: name, ...made }), undefined);
  return {
    door,
    name,
    arn,
    ask: (action, body = {}) => door.ask(action, { StreamName: name, ...body }),
    async read(shard) {
      const position = { StreamName: name, ShardId: shardIds[shard] };
      return (await door.read(await door.iterator(position))).Records;
    },
    async change(to) {
      const answer = await door.ask('UpdateStreamRecordDistributionStrategy', {
        StreamARN: arn,
        ...named(to),
      });
      assert.equal(answer, undefined);
    },
  };
}

function named(RecordDistributionStrategy: string): Body {
  return { RecordDistributionStrategy };
}

async function strategyOf({ ask }: Pick<Spread, 'ask'>): Promise<unknown> {
  const { StreamDescriptionSummary } = await ask('DescribeStreamSummary');
  return (StreamDescriptionSummary as Body)['RecordDistributionStrategy'];
}

function countsOf(shards: readonly unknown[]): number[] {
  return shardIds.map((id) => shards.filter((each) => each === id).length);
}

function keyless(count: number): Body[] {
  return Array.from({ length: count }, (_, nth) => ({ Data: base64(String(nth)) }));
}

async function shardsPut({ ask }: Spread, Records: readonly Body[]): Promise<unknown[]> {
  const answer = await ask('PutRecords', { Records });
  assert.equal(answer['FailedRecordCount'], 0);
  return (answer['Records'] as Body[]).map(({ ShardId }) => ShardId);
}

test('the strategy is set at once, shown, and reset by provisioned mode', async (t) => {
  const spread = await spreadStream(t, 'AUTO');
  assert.equal(await strategyOf(spread), 'AUTO');
  await spread.change('USER_PARTITION_KEY');
  assert.equal(await strategyOf(spread), 'USER_PARTITION_KEY');
  await spread.change('AUTO');
  const { StreamDescriptionSummary } = await spread.ask('DescribeStreamSummary');
  assert.equal((StreamDescriptionSummary as Body)['StreamStatus'], 'ACTIVE');
  const mode = (StreamMode: string) =>
    spread.door.ask('UpdateStreamMode', {
      StreamARN: spread.arn,
      StreamModeDetails: { StreamMode },
    });
  assert.equal(await mode('PROVISIONED'), undefined);
  assert.equal(await strategyOf(spread), undefined);
  spread.door.aheadMs += 1_000;
  assert.equal(await mode('ON_DEMAND'), undefined);
  assert.equal(await strategyOf(spread), 'USER_PARTITION_KEY');
  await spread.change('AUTO');
  assert.equal(await strategyOf(spread), 'AUTO', 'also while the stream is UPDATING');
});

test('on-demand streams have USER_PARTITION_KEY unless something else is said', async (t) => {
  const spread = await spreadStream(t);
  assert.equal(await strategyOf(spread), 'USER_PARTITION_KEY');
});

/** The action's page: provisioned streams do not support the setting. */
test('provisioned streams have no strategy, and none is set', async (t) => {
  const { name, arn, ask } = await dataDoor(t);
  const refused = (stream: string): Body => ({
    __type: 'InvalidArgumentException',
    message:
      `Stream ${stream} under account ${account} is in PROVISIONED mode: ` +
      'RecordDistributionStrategy is only supported for streams in ON_DEMAND mode.',
  });
  for (const strategy of ['AUTO', 'USER_PARTITION_KEY']) {
    const update = { StreamARN: arn, ...named(strategy) };
    assert.deepEqual(await ask('UpdateStreamRecordDistributionStrategy', update), refused(name));
    const other = { StreamName: `${name}-x`, ShardCount: 1, ...named(strategy) };
    assert.deepEqual(await ask('CreateStream', other), refused(`${name}-x`));
  }
  assert.equal(await strategyOf({ ask: (action) => ask(action, { StreamName: name }) }), undefined);
  const missing = { StreamARN: `${arn}-x`, ...named('AUTO') };
  assert.deepEqual(await ask('UpdateStreamRecordDistributionStrategy', missing), {
    __type: 'ResourceNotFoundException',
    message: `Stream ${name}-x under account ${account} not found.`,
  });
});

test('records without keys are spread evenly over all shards, and read without keys', async (t) => {
  const spread = await spreadStream(t, 'AUTO');
  const shards: unknown[] = [];
  for (let times = 0; times < 5; times++) shards.push(...(await shardsPut(spread, keyless(101))));
  const counts = countsOf(shards);
  assert.equal(shards.length, 505);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= stickRecordsMax, String(counts));
  const seen: string[] = [];
  for (const [shard, count] of counts.entries()) {
    const records = await spread.read(shard);
    assert.equal(records.length, count);
    for (const record of records) assert.ok(!('PartitionKey' in record));
    seen.push(...textsOf(records));
  }
  const wanted = Array.from({ length: 505 }, (_, nth) => String(nth % 101));
  assert.deepEqual(seen.toSorted(), wanted.toSorted());
});

test('single records go to the shards by turns, whatever their keys', async (t) => {
  const spread = await spreadStream(t, 'AUTO');
  const shards: unknown[] = [];
  for (let nth = 0; nth < 8; nth++) {
    const more = nth % 2 === 0 ? {} : { ExplicitHashKey: '9'.repeat(39) };
    const put = { PartitionKey: 'one key', Data: base64(String(nth)), ...more };
    shards.push((await spread.ask('PutRecord', put))['ShardId']);
  }
  assert.deepEqual(countsOf(shards), [2, 2, 2, 2]);
  for (const shard of shardIds.keys()) {
    const records = await spread.read(shard);
    assert.deepEqual(
      records.map(({ PartitionKey }) => PartitionKey),
      ['one key', 'one key'],
    );
  }
});

/** "Producer API behavior with service-managed distribution", developer guide. */
test('SequenceNumberForOrdering is refused where records are spread', async (t) => {
  const spread = await spreadStream(t, 'AUTO');
  const put = { PartitionKey: 'k', Data: base64('a') };
  const first = await spread.ask('PutRecord', put);
  const ordered = { ...put, SequenceNumberForOrdering: first['SequenceNumber'] };
  for (const more of [{}, { DryRun: true }]) {
    const answer = await spread.ask('PutRecord', { ...ordered, ...more });
    assert.equal(answer['__type'], 'InvalidArgumentException');
  }
  await spread.change('USER_PARTITION_KEY');
  assert.ok('SequenceNumber' in (await spread.ask('PutRecord', ordered)));
});

test('without AUTO a missing key is a ValidationException that names each of them', async (t) => {
  const spread = await spreadStream(t, 'AUTO');
  assert.ok('SequenceNumber' in (await spread.ask('PutRecord', { Data: '' })));
  await spread.change('USER_PARTITION_KEY');
  const missing = (path: string): string =>
    `Value null at '${path}' failed to satisfy constraint: Member must not be null`;
  for (const more of [{}, { PartitionKey: null }, { ExplicitHashKey: '0' }, { DryRun: true }]) {
    assert.deepEqual(await spread.ask('PutRecord', { Data: '', ...more }), {
      __type: 'ValidationException',
      message: `1 validation error detected: ${missing('partitionKey')}`,
    });
  }
  const [none] = keyless(1);
  const Records = [none, { ...none, PartitionKey: 'k' }, none];
  const paths = [1, 3].map((place) => missing(`records.${place}.member.partitionKey`));
  assert.deepEqual(await spread.ask('PutRecords', { Records }), {
    __type: 'ValidationException',
    message: `2 validation errors detected: ${paths.join('; ')}`,
  });
  const many = await spread.ask('PutRecords', { Records: keyless(11) });
  assert.match(String(many['message']), /^10 validation errors detected: /);
  await spread.change('AUTO');
  assert.equal((await shardsPut(spread, keyless(1))).length, 1);
});

test('in other streams a record without a key has its offset as key', async (t) => {
  const spread = await spreadStream(t, 'AUTO');
  await shardsPut(spread, keyless(1));
  await shardsPut(spread, [{ PartitionKey: 'k', Data: '' }]);
  const keys = async () => {
    const all = await Promise.all(shardIds.map((_, shard) => spread.read(shard)));
    return all.flat().map(({ PartitionKey }) => PartitionKey);
  };
  assert.deepEqual(new Set(await keys()), new Set([undefined, 'k']));
  await spread.change('USER_PARTITION_KEY');
  assert.deepEqual(new Set(await keys()), new Set(['0', 'k']));
});

test('CBOR puts and reads records without keys, too', async (t) => {
  const { door, name } = await spreadStream(t, 'AUTO');
  const headers = { 'content-type': 'application/x-amz-cbor-1.1' };
  const ask = async (action: string, body: Body): Promise<Body> => {
    const bytes = encodeBody(body, 'cbor') as Buffer;
    return decodeCbor((await call(door.port, action, bytes, headers)).bytes) as Body;
  };
  const Data = Buffer.from([0, 255]);
  const one = await ask('PutRecord', { StreamName: name, Data });
  const many = await ask('PutRecords', {
    StreamName: name,
    Records: [{ Data }, { Data, PartitionKey: 'ä' }],
  });
  assert.equal(many['FailedRecordCount'], 0);
  const shards = [one, ...(many['Records'] as Body[])].map(({ ShardId }) => ShardId);
  assert.equal(shards[1], shards[2], 'a small call stays together');
  const shown: Body[] = [];
  for (const ShardId of new Set(shards)) {
    const ShardIterator = await door.iterator({ StreamName: name, ShardId });
    const { Records } = await ask('GetRecords', { ShardIterator });
    shown.push(...(Records as Body[]));
  }
  assert.deepEqual(
    shown.map(({ PartitionKey }) => PartitionKey),
    [undefined, undefined, 'ä'],
  );
  for (const record of shown) {
    assert.deepEqual(Buffer.from(record['Data'] as Uint8Array), Data);
    assert.equal('PartitionKey' in record, record['PartitionKey'] === 'ä');
  }
});

function sdkClient(t: TestContext, port: number): KinesisClient {
  const client = new KinesisClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  t.after(() => client.destroy());
  return client;
}

test('the SDK puts without keys; a subscription gets records without keys', async (t) => {
  const { door, name, arn } = await spreadStream(t, 'AUTO');
  const client = sdkClient(t, door.port);
  const Records = ['a', 'b', 'c'].map((text) => ({ Data: Buffer.from(text) }));
  const put = await client.send(new PutRecordsCommand({ StreamName: name, Records }));
  const [ShardId] = (put.Records ?? []).map((result) => result.ShardId);
  const { Consumer } = await client.send(
    new RegisterStreamConsumerCommand({ StreamARN: arn, ConsumerName: 'app' }),
  );
  door.aheadMs += 60_000;
  const { EventStream = [] } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer?.ConsumerARN,
      ShardId,
      StartingPosition: { Type: 'TRIM_HORIZON' },
    }),
  );
  for await (const { SubscribeToShardEvent: event } of EventStream) {
    const seen = event?.Records ?? [];
    assert.deepEqual(
      seen.map((record) => [record.PartitionKey, Buffer.from(record.Data ?? []).toString()]),
      ['a', 'b', 'c'].map((text) => [undefined, text]),
    );
    break;
  }
});

test('Kafka sees null keys, and keeps the partitions that its producers choose', async (t) => {
  const spread = await spreadStream(t, 'AUTO');
  const { name } = spread;
  const kafka = kafkaClient(kafkaBootstrap);
  const [producer, consumer] = [kafka.producer(), kafka.consumer({ groupId: `${name}-group` })];
  await Promise.all([producer.connect(), consumer.connect()]);
  t.after(() => Promise.all([producer.disconnect(), consumer.disconnect()]));
  const chosen = Array.from({ length: 6 }, (_, nth) => ({
    partition: 2,
    key: nth % 2 === 0 ? null : 'k',
    value: `kafka ${nth}`,
  }));
  await producer.send({ topic: name, messages: chosen });
  await shardsPut(spread, [...keyless(3), { PartitionKey: 'k', Data: base64('keyed') }]);
  const seen = new Map<string, string | null>();
  await consumer.subscribe({ topic: name, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { key, value } }) => {
      seen.set(String(value), key === null ? null : String(key));
    },
  });
  await untilTrue('ten records', async () => seen.size === 10);
  const keyed = [...seen].filter(([, key]) => key !== null);
  assert.deepEqual(new Map(keyed), new Map(['keyed', 'kafka 1', 'kafka 3', 'kafka 5'].map(withK)));
  const inShard = (await spread.read(2)).map(({ Data, PartitionKey }) => [
    Buffer.from(Data, 'base64').toString(),
    PartitionKey,
  ]);
  assert.deepEqual(
    inShard.slice(0, 6),
    chosen.map(({ key, value }) => [value, key ?? undefined]),
  );
});

function withK(value: string): [string, string] {
  return [value, 'k'];
}
