import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  base64,
  type Body,
  closeFirstShard,
  type DataDoor,
  dataDoor,
  invalidArgument,
  shardMissing,
  type Shown,
  textsOf,
} from './data-door.ts';
import { account } from './door.ts';

async function put(door: DataDoor, text: string): Promise<string> {
  const record = { StreamName: door.name, PartitionKey: 'k', Data: base64(text) };
  return (await door.ask('PutRecord', record))['SequenceNumber'] as string;
}

async function readFrom(door: DataDoor, place: Body): Promise<string[]> {
  return textsOf((await door.read(await door.iterator(place))).Records);
}

function timeOf({ ApproximateArrivalTimestamp: time }: Shown): number {
  return time!;
}

function misused(type: string, how: string): Body {
  return invalidArgument(
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and ' +
      'StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ' +
      `Request specified ${type} and ${how} StartingSequenceNumber.`,
  );
}

test('TRIM_HORIZON begins with the oldest record', async (t) => {
  const door = await dataDoor(t);
  await put(door, 'a');
  await put(door, 'b');
  assert.deepEqual(await readFrom(door, { ShardIteratorType: 'TRIM_HORIZON' }), ['a', 'b']);
});

test('LATEST is pinned when the iterator is made', async (t) => {
  const door = await dataDoor(t);
  await put(door, 'before');
  const iterator = await door.iterator({ ShardIteratorType: 'LATEST' });
  await put(door, 'after');
  assert.deepEqual(textsOf((await door.read(iterator)).Records), ['after']);
});

test('AT_ and AFTER_SEQUENCE_NUMBER start at the record and after it', async (t) => {
  const door = await dataDoor(t);
  const numbers = [await put(door, 'a'), await put(door, 'b'), await put(door, 'c')];
  for (const [index, StartingSequenceNumber] of numbers.entries()) {
    const at = { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber };
    const after = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber };
    assert.deepEqual(await readFrom(door, at), ['a', 'b', 'c'].slice(index));
    assert.deepEqual(await readFrom(door, after), ['a', 'b', 'c'].slice(index + 1));
  }
});

test("a shard's starting sequence number stands before its first record", async (t) => {
  const door = await dataDoor(t);
  await put(door, 'a');
  const { Shards } = await door.ask('ListShards', { StreamName: door.name });
  const [shard] = Shards as [{ SequenceNumberRange: { StartingSequenceNumber: string } }];
  const { StartingSequenceNumber } = shard.SequenceNumberRange;
  for (const ShardIteratorType of ['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER']) {
    assert.deepEqual(await readFrom(door, { ShardIteratorType, StartingSequenceNumber }), ['a']);
  }
});

test('AT_TIMESTAMP is exact to the millisecond', async (t) => {
  const door = await dataDoor(t);
  for (const text of ['a', 'b', 'c', 'd']) await put(door, text);
  const { Records } = await door.read(await door.iterator());
  for (const { ApproximateArrivalTimestamp: Timestamp } of Records) {
    const at = { ShardIteratorType: 'AT_TIMESTAMP', Timestamp };
    const expected = Records.filter((record) => timeOf(record) >= Timestamp!);
    assert.deepEqual(await readFrom(door, at), textsOf(expected));
    const justAfter = (Math.round(Timestamp! * 1000) + 1) / 1000;
    assert.deepEqual(
      await readFrom(door, { ...at, Timestamp: Math.min(justAfter, Date.now() / 1000) }),
      textsOf(Records.filter((record) => timeOf(record) > Timestamp!)),
    );
  }
});

test('AT_TIMESTAMP needs a time that is not in the future', async (t) => {
  const door = await dataDoor(t);
  const ask = (more: Body) =>
    door.ask('GetShardIterator', {
      StreamName: door.name,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'AT_TIMESTAMP',
      ...more,
    });
  assert.deepEqual(
    await ask({}),
    invalidArgument(
      'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. ' +
        'Current request has no timestamp parameter.',
    ),
  );
  const future = await ask({ Timestamp: Date.now() / 1000 + 100 });
  assert.match(
    future['message'] as string,
    new RegExp(
      'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
        'timestampInMillis: \\d+, currentTimestampInMillis: \\d+$',
    ),
  );
});

test('a starting sequence number goes with the types that use one, no others', async (t) => {
  const door = await dataDoor(t);
  const number = await put(door, 'a');
  const ask = (ShardIteratorType: string, more: Body = {}) =>
    door.ask('GetShardIterator', {
      StreamName: door.name,
      ShardId: 'shardId-000000000000',
      ShardIteratorType,
      ...more,
    });
  for (const type of ['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER']) {
    assert.deepEqual(await ask(type), misused(type, 'no'));
  }
  for (const type of ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP']) {
    const answer = await ask(type, { StartingSequenceNumber: number });
    assert.deepEqual(answer, misused(type, 'also a'));
  }
});

test('a sequence number of another shard, another stream, or none at all is refused', async (t) => {
  const door = await dataDoor(t, 2);
  const shard = 'shardId-000000000000';
  const record = { StreamName: door.name, PartitionKey: 'k', Data: '' };
  const mine = await door.ask('PutRecord', { ...record, ExplicitHashKey: '0' });
  const other = await door.ask('PutRecord', {
    ...record,
    ExplicitHashKey: String((1n << 128n) - 1n),
  });
  const ask = (StartingSequenceNumber: string) =>
    door.ask('GetShardIterator', {
      StreamName: door.name,
      ShardId: shard,
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      StartingSequenceNumber,
    });
  const use = (number: string, how: string) =>
    invalidArgument(
      `StartingSequenceNumber ${number} used in GetShardIterator on shard ${shard} in stream ` +
        `${door.name} under account ${account} is invalid${how}.`,
    );
  const number = mine['SequenceNumber'] as string;
  const odd = String(BigInt(number) + (1n << 76n));
  assert.deepEqual(await ask(odd), use(odd, ''));
  assert.deepEqual(
    await ask(other['SequenceNumber'] as string),
    invalidArgument(
      'Invalid StartingSequenceNumber. It encodes shardId-000000000001, ' +
        'while it was used in a call to a shard with shardId-000000000000',
    ),
  );
  const laterSecond = String(BigInt(number) + (1n << 148n) + (1n << 36n));
  assert.deepEqual(
    await ask(laterSecond),
    use(laterSecond, ' because it did not come from this stream'),
  );
});

test('a shard is named by its number, however it is written', async (t) => {
  const door = await dataDoor(t);
  await put(door, 'a');
  for (const ShardId of ['shardId-000000000000', 'shardId-0', '0', 'x-0']) {
    assert.deepEqual(await readFrom(door, { ShardId }), ['a']);
  }
});

test('a shard or stream that is not there is not found', async (t) => {
  const door = await dataDoor(t);
  const ask = (StreamName: string, ShardId: string) =>
    door.ask('GetShardIterator', { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
  const shardId = 'shardId-000000000001';
  assert.deepEqual(await ask(door.name, shardId), shardMissing(shardId, door.name));
  const none = `${door.name}-none`;
  assert.deepEqual(await ask(none, shardId), shardMissing(shardId, none));
  assert.deepEqual(await ask(door.name, 'first'), {
    __type: 'ResourceNotFoundException',
    message: `Could not find shard first in stream ${door.name} under account ${account}.`,
  });
});

test('a closed shard gives iterators, LATEST at its end', async (t) => {
  const door = await dataDoor(t);
  await put(door, 'a');
  const number = await put(door, 'b');
  await closeFirstShard(door, 2n);
  assert.deepEqual(await readFrom(door, { ShardIteratorType: 'LATEST' }), []);
  assert.deepEqual(await readFrom(door, { ShardIteratorType: 'TRIM_HORIZON' }), ['a', 'b']);
  const { Shards } = await door.ask('ListShards', { StreamName: door.name });
  const [shard] = Shards as [{ SequenceNumberRange: { EndingSequenceNumber: string } }];
  const ending = shard.SequenceNumberRange.EndingSequenceNumber;
  for (const [type, StartingSequenceNumber, expected] of [
    ['AT_SEQUENCE_NUMBER', number, ['b']],
    ['AT_SEQUENCE_NUMBER', ending, []],
  ] as const) {
    const place = { ShardIteratorType: type, StartingSequenceNumber };
    assert.deepEqual(await readFrom(door, place), expected);
  }
});
