import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { toOffset } from '../../../src/domain/streams/stream.ts';
import { base64, type Body, dataDoor, invalidArgument, textsOf } from './data-door.ts';
import { account, call } from './door.ts';

type Entry = { SequenceNumber: string; ShardId: string };

test('a record that is put is read with the same sequence number, key and data', async (t) => {
  const door = await dataDoor(t);
  const put = { PartitionKey: 'Zürich', Data: base64('hello') };
  const beforeSeconds = Date.now() / 1000;
  const answer = await door.ask('PutRecord', { StreamName: door.name, ...put });
  const { Records } = await door.read(await door.iterator());
  const { ApproximateArrivalTimestamp: arrival, ...shown } = Records[0]!;
  assert.deepEqual(shown, { ...put, SequenceNumber: answer['SequenceNumber'] });
  assert.ok(arrival! >= beforeSeconds && arrival! <= Date.now() / 1000);
  assert.equal(answer['ShardId'], 'shardId-000000000000');
  assert.equal(Records.length, 1);
});

test('the log holds the partition key and the data as they are', async (t) => {
  const door = await dataDoor(t);
  const data = Buffer.from([0, 255, 128, 10]);
  await door.ask('PutRecord', {
    StreamARN: door.arn,
    PartitionKey: '汉字',
    Data: data.toString('base64'),
  });
  const limits = { recordsMax: 10, bytesMax: 1000, waitMsMax: 0 };
  const { records } = await door.log.read({ log: door.name, partition: 0 }, toOffset(0n), limits);
  assert.deepEqual(records[0]?.key, Buffer.from('汉字'));
  assert.deepEqual(records[0]?.value, data);
});

test('sequence numbers of a shard strictly grow, also with many puts at once', async (t) => {
  const door = await dataDoor(t);
  const numbers: string[] = [];
  for (let round = 0; round < 5; round++) {
    const put = { StreamName: door.name, PartitionKey: 'k', Data: '' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => door.ask('PutRecord', put)));
    numbers.push(...answers.map((answer) => answer['SequenceNumber'] as string).toSorted());
  }
  assert.deepEqual(numbers, numbers.toSorted());
  assert.equal(new Set(numbers).size, 100);
});

test('the shard is the one whose range holds the MD5 of the key', async (t) => {
  const door = await dataDoor(t, 4);
  for (let index = 0; index < 20; index++) {
    const key = `key ${index}`;
    const quarter = createHash('md5').update(key).digest()[0]! >> 6;
    const answer = await door.ask('PutRecord', {
      StreamName: door.name,
      PartitionKey: key,
      Data: '',
    });
    assert.equal(answer['ShardId'], `shardId-00000000000${quarter}`);
  }
});

test('an explicit hash key overrides the partition key', async (t) => {
  const door = await dataDoor(t, 2);
  const half = 1n << 127n;
  const shardOf = async (hashKey: bigint) => {
    const put = { StreamName: door.name, PartitionKey: 'same', Data: '' };
    const answer = await door.ask('PutRecord', { ...put, ExplicitHashKey: String(hashKey) });
    return answer['ShardId'] ?? answer;
  };
  assert.equal(await shardOf(0n), 'shardId-000000000000');
  assert.equal(await shardOf(half - 1n), 'shardId-000000000000');
  assert.equal(await shardOf(half), 'shardId-000000000001');
  assert.equal(await shardOf((1n << 128n) - 1n), 'shardId-000000000001');
  assert.deepEqual(
    await shardOf(1n << 128n),
    invalidArgument(
      'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. ' +
        'Specified value was 340282366920938463463374607431768211456',
    ),
  );
});

test('SequenceNumberForOrdering must be a sequence number', async (t) => {
  const door = await dataDoor(t);
  const put = { StreamName: door.name, PartitionKey: 'k', Data: '' };
  const first = await door.ask('PutRecord', put);
  const number = first['SequenceNumber'] as string;
  const second = await door.ask('PutRecord', { ...put, SequenceNumberForOrdering: number });
  assert.ok((second['SequenceNumber'] as string) > number);
  for (const wrong of [`${number}0`, String(BigInt(number) + 1n)]) {
    assert.deepEqual(
      await door.ask('PutRecord', { ...put, SequenceNumberForOrdering: wrong }),
      invalidArgument(
        `ExclusiveMinimumSequenceNumber ${wrong} used in PutRecord on stream ${door.name} ` +
          `under account ${account} is invalid.`,
      ),
    );
  }
});

test('PutRecords answers in order, and keeps the order of each key', async (t) => {
  const door = await dataDoor(t, 4);
  const records = Array.from({ length: 500 }, (_, index) => ({
    PartitionKey: `key ${index % 13}`,
    Data: base64(`${index}`),
  }));
  const answer = await door.ask('PutRecords', { StreamName: door.name, Records: records });
  assert.equal(answer['FailedRecordCount'], 0);
  const results = answer['Records'] as Entry[];
  assert.equal(results.length, 500);
  const numbers = new Map<string, string>();
  const orders = new Map<string, number[]>();
  for (let shard = 0; shard < 4; shard++) {
    const ShardId = `shardId-00000000000${shard}`;
    const { Records } = await door.read(await door.iterator({ ShardId }));
    for (const [index, text] of textsOf(Records).entries()) {
      const { PartitionKey, SequenceNumber } = Records[index]!;
      numbers.set(text, `${ShardId} ${SequenceNumber}`);
      orders.set(PartitionKey, [...(orders.get(PartitionKey) ?? []), Number(text)]);
    }
  }
  assert.equal(orders.size, 13);
  for (const order of orders.values()) {
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  }
  for (const [index, { ShardId, SequenceNumber }] of results.entries()) {
    assert.equal(numbers.get(String(index)), `${ShardId} ${SequenceNumber}`);
  }
});

test('one bad entry refuses the whole request, and nothing is written', async (t) => {
  const door = await dataDoor(t);
  const good = { PartitionKey: 'k', Data: base64('good') };
  const recordBytesMax = 1024 * 1024;
  const tooLarge = Buffer.alloc(recordBytesMax + 1).toString('base64');
  const justTooLarge = Buffer.alloc(recordBytesMax).toString('base64');
  const refusals: [entry: Body, type: string, message: RegExp][] = [
    [{ PartitionKey: '', Data: '' }, 'ValidationException', /'records\.2\.member\.partitionKey'/],
    [
      { PartitionKey: 'k', Data: '', ExplicitHashKey: '9'.repeat(39) },
      'InvalidArgumentException',
      /^Invalid ExplicitHashKey\./,
    ],
    [
      { PartitionKey: 'k', Data: tooLarge },
      'ValidationException',
      new RegExp(
        "^1 validation error detected: Value at 'records.2.member.data' failed to satisfy " +
          'constraint: Member must have length less than or equal to 1048576$',
      ),
    ],
    [{ PartitionKey: 'k', Data: justTooLarge }, 'InvalidArgumentException', /1048577 bytes/],
  ];
  for (const [entry, type, message] of refusals) {
    const answer = await door.ask('PutRecords', { StreamName: door.name, Records: [good, entry] });
    assert.equal(answer['__type'], type);
    assert.match(answer['message'] as string, message);
  }
  const { Records } = await door.read(await door.iterator());
  assert.deepEqual(Records, []);
});

test('a record of the largest size, key included, is taken', async (t) => {
  const door = await dataDoor(t);
  const data = Buffer.alloc(1024 * 1024 - 1, 7);
  const put = { StreamName: door.name, PartitionKey: 'k', Data: data.toString('base64') };
  const answer = await door.ask('PutRecord', put);
  assert.ok('SequenceNumber' in answer);
  const { Records } = await door.read(await door.iterator());
  assert.ok(Buffer.from(Records[0]!.Data, 'base64').equals(data));
});

test('a request of more than 500 records, or of more than 10 MiB, is refused', async (t) => {
  const door = await dataDoor(t);
  const small = { PartitionKey: 'k', Data: '' };
  const many = await door.ask('PutRecords', {
    StreamName: door.name,
    Records: Array.from({ length: 501 }, () => small),
  });
  assert.equal(many['__type'], 'ValidationException');
  const data = Buffer.alloc(1024 * 1024 - 1).toString('base64');
  const records = Array.from({ length: 10 }, () => ({ PartitionKey: 'k', Data: data }));
  const fitting = await door.ask('PutRecords', { StreamName: door.name, Records: records });
  assert.equal(fitting['FailedRecordCount'], 0);
  assert.deepEqual(
    await door.ask('PutRecords', { StreamName: door.name, Records: [...records, small] }),
    invalidArgument('Records size exceeds 10 MB limit'),
  );
});

test('a put into a stream that is not there says so', async (t) => {
  const door = await dataDoor(t);
  const missing = `${door.name}-none`;
  const record = { PartitionKey: 'k', Data: '' };
  for (const [action, body] of [
    ['PutRecord', record],
    ['PutRecords', { Records: [record] }],
  ] as const) {
    const { status, body: answer } = await call(door.port, action, {
      StreamName: missing,
      ...body,
    });
    assert.equal(status, 400);
    assert.deepEqual(answer, {
      __type: 'ResourceNotFoundException',
      message: `Stream ${missing} under account ${account} not found.`,
    });
  }
});
