/** The framework as the AWS SDK for JavaScript sees it; it speaks HTTP/2 to every endpoint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeleteStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  KinesisClient,
  PutRecordCommand,
  ResourceNotFoundException,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { defineAction } from '../../../src/aws/kinesis/action.ts';
import { streamNotFound } from '../../../src/aws/kinesis/errors.ts';
import { theAccount } from '../../../src/aws/kinesis/resources/touched.ts';
import {
  eventStream,
  list,
  long,
  required,
  string,
  structure,
} from '../../../src/aws/protocol/shape.ts';
import {
  data,
  partitionKey,
  record,
  sequenceNumber,
  streamName,
} from '../../../src/aws/kinesis/shapes.ts';
import { fail, failures, startDoor } from './door.ts';

const kept: { Data: Buffer; PartitionKey: string }[] = [];
const putRecord = defineAction({
  name: 'PutRecord',
  input: structure({
    StreamName: streamName,
    PartitionKey: required(partitionKey),
    Data: required(data),
  }),
  output: structure({ ShardId: required(string()), SequenceNumber: required(sequenceNumber) }),
  errors: [],
  touches: theAccount,
  async handle({ Data, PartitionKey }) {
    kept.push({ Data: Buffer.from(Data), PartitionKey });
    return { ShardId: 'shardId-000000000000', SequenceNumber: String(kept.length) };
  },
});

const arrivedMs = 1_795_000_000_123;
const shown = (): {
  SequenceNumber: string;
  ApproximateArrivalTimestamp: number;
  Data: Buffer;
  PartitionKey: string;
}[] =>
  kept.map((one, index) => ({
    SequenceNumber: String(index + 1),
    ApproximateArrivalTimestamp: arrivedMs,
    ...one,
  }));
const getRecords = defineAction({
  name: 'GetRecords',
  input: structure({ ShardIterator: required(string()) }),
  output: structure({ Records: required(list(record)), MillisBehindLatest: long() }),
  errors: [],
  touches: theAccount,
  handle: async () => ({ Records: shown(), MillisBehindLatest: 0 }),
});

const event = structure({
  Records: required(list(record)),
  ContinuationSequenceNumber: required(sequenceNumber),
  MillisBehindLatest: required(long()),
});
async function* oneEvent() {
  yield {
    SubscribeToShardEvent: {
      Records: shown(),
      ContinuationSequenceNumber: '7',
      MillisBehindLatest: 0,
    },
  };
  throw streamNotFound('orders', '000000000000');
}
const subscribe = defineAction({
  name: 'SubscribeToShard',
  input: structure({ ConsumerARN: required(string()) }),
  output: structure({ EventStream: required(eventStream({ SubscribeToShardEvent: event })) }),
  errors: [],
  touches: theAccount,
  handle: async () => ({ EventStream: oneEvent() }),
});

test('the SDK puts, gets, subscribes, and sees exceptions as its own classes', async (t) => {
  const { port } = await startDoor(t, [putRecord, getRecords, subscribe, fail]);
  const client = new KinesisClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  t.after(() => client.destroy());
  const bytes = Buffer.from([0, 1, 254, 255]);
  const put = await client.send(
    new PutRecordCommand({ StreamName: 'orders', PartitionKey: 'ä', Data: bytes }),
  );
  assert.equal(put.SequenceNumber, '1');
  assert.equal(put.$metadata.httpStatusCode, 200);
  const got = await client.send(new GetRecordsCommand({ ShardIterator: 'a' }));
  const [first] = got.Records ?? [];
  assert.deepEqual(Buffer.from(first?.Data ?? []), bytes);
  assert.equal(first?.PartitionKey, 'ä');
  assert.equal(first?.ApproximateArrivalTimestamp?.getTime(), arrivedMs);

  const { EventStream: events } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN: 'arn',
      ShardId: 'shardId-000000000000',
      StartingPosition: { Type: 'LATEST' },
    }),
  );
  const numbers: unknown[] = [];
  await assert.rejects(async () => {
    for await (const { SubscribeToShardEvent: one } of events ?? []) {
      numbers.push(one?.ContinuationSequenceNumber, one?.Records?.length);
    }
  }, ResourceNotFoundException);
  assert.deepEqual(numbers, ['7', 1]);

  failures['orders'] = () => streamNotFound('orders', '000000000000');
  const deleting = client.send(new DeleteStreamCommand({ StreamName: 'orders' }));
  await assert.rejects(deleting, (error) => {
    assert.ok(error instanceof ResourceNotFoundException);
    assert.equal(error.message, 'Stream orders under account 000000000000 not found.');
    return true;
  });
  const notYet = client.send(new DescribeStreamCommand({ StreamName: 'orders' }));
  await assert.rejects(notYet, { name: 'UnknownOperationException' });
});
