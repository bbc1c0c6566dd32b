import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { decodeCbor } from '../../../src/aws/protocol/cbor.ts';
import {
  base64,
  type Body,
  closeFirstShard,
  type DataDoor,
  dataDoor,
  invalidArgument,
  shardMissing,
  textsOf,
} from './data-door.ts';

const firstShard = 'shardId-000000000000';

async function putMany(door: DataDoor, texts: readonly string[]): Promise<void> {
  const records = texts.map((text) => ({ PartitionKey: 'k', Data: base64(text) }));
  const answer = await door.ask('PutRecords', { StreamName: door.name, Records: records });
  assert.equal(answer['FailedRecordCount'], 0);
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

test('Limit bounds the records, and the next iterator continues behind them', async (t) => {
  const door = await dataDoor(t);
  const texts = numbered(100);
  await putMany(door, texts);
  const seen: string[] = [];
  let iterator = await door.iterator();
  for (const Limit of [1, 9, 40, 49, 10]) {
    const answer = await door.read(iterator, { Limit });
    seen.push(...textsOf(answer.Records));
    assert.equal(
      answer.Records.length,
      Math.min(Limit, 100 - (seen.length - answer.Records.length)),
    );
    iterator = answer.NextShardIterator!;
  }
  assert.deepEqual(seen, texts.slice(0, 100));
});

test('the same iterator always reads the same records', async (t) => {
  const door = await dataDoor(t);
  await putMany(door, numbered(10));
  const iterator = await door.iterator();
  const first = await door.read(iterator, { Limit: 4 });
  await door.read(first.NextShardIterator!, { Limit: 4 });
  const again = await door.read(iterator, { Limit: 4 });
  assert.deepEqual(again.Records, first.Records);
});

test('an answer holds at most 10 MiB, and at most 10,000 records', async (t) => {
  const door = await dataDoor(t);
  const mebibyte = Buffer.alloc(1024 * 1024 - 1, 1);
  const large = Array.from({ length: 12 }, () => ({ key: Buffer.from('k'), value: mebibyte }));
  await door.append(0, ...large);
  const small = Array.from({ length: 10_500 }, () => ({ key: null, value: Buffer.from('x') }));
  await door.append(0, ...small);
  const first = await door.read(await door.iterator());
  assert.equal(first.Records.length, 10);
  const second = await door.read(first.NextShardIterator!);
  assert.equal(second.Records.length, 10_000);
  const third = await door.read(second.NextShardIterator!);
  assert.equal(third.Records.length, 502);
  assert.equal(third.MillisBehindLatest, 0);
});

test('an empty shard gives no records, and an iterator to ask again with', async (t) => {
  const door = await dataDoor(t);
  const empty = await door.read(await door.iterator());
  assert.deepEqual(empty.Records, []);
  assert.equal(empty.MillisBehindLatest, 0);
  await putMany(door, ['a']);
  assert.deepEqual(textsOf((await door.read(empty.NextShardIterator!)).Records), ['a']);
});

test('MillisBehindLatest is the age of the last record, and 0 at the tip', async (t) => {
  const door = await dataDoor(t);
  await putMany(door, ['a', 'b']);
  door.aheadMs = 60_000;
  const behind = await door.read(await door.iterator(), { Limit: 1 });
  assert.ok(behind.MillisBehindLatest >= 60_000 && behind.MillisBehindLatest < 120_000);
  const tip = await door.read(behind.NextShardIterator!);
  assert.deepEqual(textsOf(tip.Records), ['b']);
  assert.equal(tip.MillisBehindLatest, 0);
});

test('records of Kafka producers are shown as records of Kinesis', async (t) => {
  const door = await dataDoor(t);
  await door.append(
    0,
    { key: null, value: Buffer.from('no key') },
    { key: Buffer.from([0xff]), value: Buffer.from('key of bytes') },
    { key: Buffer.from('tombstone'), value: null },
    { key: Buffer.from('"\\\u0001é汉🎈'), value: Buffer.alloc(0) },
    { key: Buffer.alloc(300, 0x61), value: Buffer.from('long key') },
  );
  const { Records } = await door.read(await door.iterator());
  assert.deepEqual(
    Records.map(({ PartitionKey, Data }) => [PartitionKey, Data]),
    [
      ['0', base64('no key')],
      ['base64:/w==', base64('key of bytes')],
      ['tombstone', ''],
      ['"\\\u0001é汉🎈', ''],
      [`md5:${createHash('md5').update('a'.repeat(300)).digest('hex')}`, base64('long key')],
    ],
  );
});

test('JSON and CBOR tell the same records', async (t) => {
  const door = await dataDoor(t);
  await door.append(
    0,
    { key: null, value: Buffer.from([0, 1, 2]) },
    { key: Buffer.from('é'), value: null },
  );
  const ShardIterator = await door.iterator();
  const json = await door.read(ShardIterator);
  const answer = await fetch(`http://127.0.0.1:${door.port}/`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-cbor-1.1',
      'x-amz-target': 'Kinesis_20131202.GetRecords',
    },
    body: cborOf(ShardIterator),
  });
  const cbor = decodeCbor(Buffer.from(await answer.arrayBuffer())) as Body;
  const shown = (cbor['Records'] as Body[]).map((record) => ({
    ...record,
    Data: Buffer.from(record['Data'] as Buffer).toString('base64'),
    ApproximateArrivalTimestamp: Number(record['ApproximateArrivalTimestamp']) / 1000,
  }));
  assert.deepEqual(shown, json.Records);
});

/** `{"ShardIterator": text}` */
function cborOf(text: string): Buffer {
  const name = Buffer.from('ShardIterator');
  const value = Buffer.from(text);
  const length = Buffer.from([0x79, value.length >> 8, value.length & 0xff]);
  return Buffer.concat([Buffer.from([0xa1, 0x60 + name.length]), name, length, value]);
}

test('what is no iterator of this catalog is refused', async (t) => {
  const door = await dataDoor(t);
  const iterator = await door.iterator();
  const refused = invalidArgument('Invalid ShardIterator.');
  const flipped = (iterator[30] === 'A' ? 'B' : 'A') + iterator.slice(31);
  for (const ShardIterator of ['a', 'AAAA', iterator.slice(0, 30) + flipped, `${iterator} `]) {
    assert.deepEqual(await door.ask('GetRecords', { ShardIterator }), refused);
  }
});

test('an iterator of five minutes has expired', async (t) => {
  const door = await dataDoor(t);
  const iterator = await door.iterator();
  door.aheadMs = 299_000;
  const { NextShardIterator } = await door.read(iterator);
  door.aheadMs = 301_000;
  const answer = await door.ask('GetRecords', { ShardIterator: iterator });
  assert.equal(answer['__type'], 'ExpiredIteratorException');
  const time = String.raw`\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}`;
  assert.match(
    answer['message'] as string,
    new RegExp(
      `^Iterator expired. The iterator was created at time ${time} while right now it is ${time} ` +
        'which is further in the future than the tolerated delay of 300000 milliseconds.$',
    ),
  );
  assert.deepEqual((await door.read(NextShardIterator!)).Records, []);
});

test('an iterator of another stream than the ARN names is refused', async (t) => {
  const door = await dataDoor(t);
  const ShardIterator = await door.iterator();
  const right = await door.ask('GetRecords', { ShardIterator, StreamARN: door.arn });
  assert.deepEqual(right['Records'], []);
  const other = await door.ask('GetRecords', { ShardIterator, StreamARN: `${door.arn}-other` });
  assert.equal(other['__type'], 'InvalidArgumentException');
});

test('iterators of a deleted stream find nothing, also when it is made again', async (t) => {
  const door = await dataDoor(t);
  await putMany(door, ['a']);
  const ShardIterator = await door.iterator();
  await door.streams.delete(door.name);
  const missing = shardMissing(firstShard, door.name);
  assert.deepEqual(await door.ask('GetRecords', { ShardIterator }), missing);
  await door.streams.create({ name: door.name, shardCount: 1, mode: 'PROVISIONED' });
  assert.deepEqual(await door.ask('GetRecords', { ShardIterator }), missing);
  assert.deepEqual((await door.read(await door.iterator())).Records, []);
});

test('records past the retention are not shown', async (t) => {
  const door = await dataDoor(t);
  await putMany(door, ['a', 'b']);
  const iterator = await door.iterator();
  door.aheadMs = 23 * 3_600_000;
  assert.deepEqual(textsOf((await door.read(await door.iterator())).Records), ['a', 'b']);
  door.aheadMs = 25 * 3_600_000;
  const answer = await door.read(await door.iterator());
  assert.deepEqual(answer.Records, []);
  assert.equal(answer.MillisBehindLatest, 0);
  door.aheadMs = 0;
  assert.deepEqual(textsOf((await door.read(iterator)).Records), ['a', 'b']);
});

test('the end of a closed shard has children, and no next iterator', async (t) => {
  const door = await dataDoor(t);
  await putMany(door, ['a', 'b', 'c']);
  await closeFirstShard(door, 3n);
  const first = await door.read(await door.iterator(), { Limit: 2 });
  assert.equal(first.ChildShards, undefined);
  const last = await door.read(first.NextShardIterator!);
  assert.deepEqual(textsOf(last.Records), ['c']);
  assert.equal(last.NextShardIterator, undefined);
  const half = String((1n << 127n) - 1n);
  assert.deepEqual(last.ChildShards, [
    {
      ShardId: 'shardId-000000000001',
      ParentShards: [firstShard],
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: half },
    },
    {
      ShardId: 'shardId-000000000002',
      ParentShards: [firstShard],
      HashKeyRange: {
        StartingHashKey: String(1n << 127n),
        EndingHashKey: String((1n << 128n) - 1n),
      },
    },
  ]);
});
