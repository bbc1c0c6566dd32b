/** A topic made with a Kafka client is a stream at once, and the other way round. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  PutRecordCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-kinesis';
import type kafkajs from 'kafkajs';
import { createTopics } from '../support/create-topics.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { franzGo, installClients, kafkaProgram, kcat, python, run } from '../support/install.ts';
import { createStream, kafkaClient, kinesisClient, newName } from '../support/doors.ts';
import { consumeByKafkajs, produceByKafkajs } from '../support/programs/kafkajs.ts';
import { assertAllOnce, keyOf, kinesisRecords } from '../support/checks/records.ts';

await Promise.all([sharedEngines(), installClients()]);

const keysTried = 97;
const hashKeys = 1n << 128n;

async function administrator(bootstrap: string): Promise<kafkajs.Admin> {
  const admin = kafkaClient(bootstrap).admin();
  await admin.connect();
  return admin;
}

async function isListed(client: KinesisClient, name: string): Promise<boolean> {
  for (let ExclusiveStartStreamName: string | undefined; ;) {
    const answer = await client.send(new ListStreamsCommand({ ExclusiveStartStreamName }));
    if (answer.StreamNames!.includes(name)) return true;
    if (!answer.HasMoreStreams) return false;
    ExclusiveStartStreamName = answer.StreamNames!.at(-1);
  }
}

async function shardsOf(client: KinesisClient, StreamName: string) {
  const { Shards } = await client.send(new ListShardsCommand({ StreamName }));
  return Shards!;
}

test('a topic made with a Kafka client is a stream from its first moment', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const client = kinesisClient(kinesis);
  const admin = await administrator(kafka);
  t.after(() => admin.disconnect());
  const topic = newName();
  await createTopics(admin, [{ topic, numPartitions: 3 }]);

  assert.ok(await isListed(client, topic));
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: topic }));
  assert.equal(StreamDescription!.StreamStatus, 'ACTIVE');
  const ranges = StreamDescription!.Shards!.map(({ HashKeyRange }) => [
    BigInt(HashKeyRange!.StartingHashKey!),
    BigInt(HashKeyRange!.EndingHashKey!),
  ]);
  const third = hashKeys / 3n;
  assert.deepEqual(ranges, [
    [0n, third - 1n],
    [third, 2n * third - 1n],
    [2n * third, hashKeys - 1n],
  ]);
  await client.send(
    new PutRecordCommand({
      StreamName: topic,
      PartitionKey: keyOf(0),
      Data: Buffer.from('record-0'),
    }),
  );
  assertAllOnce(await consumeByKafkajs(kafka, topic, 1), 1);

  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
  assert.equal((await shardsOf(client, topic)).length, 5);

  await admin.deleteTopics({ topics: [topic] });
  await assert.rejects(
    client.send(new DescribeStreamSummaryCommand({ StreamName: topic })),
    ResourceNotFoundException,
  );
  assert.equal(await isListed(client, topic), false);
});

test('a stream is a topic from its first moment, until it is deleted', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const client = kinesisClient(kinesis);
  const admin = await administrator(kafka);
  t.after(() => admin.disconnect());
  const stream = await createStream(kinesis, 3);
  assert.ok((await admin.listTopics()).includes(stream));
  await produceByKafkajs(kafka, stream, 100);
  assertAllOnce(await consumeByKafkajs(kafka, stream, 100), 100);
  await client.send(new DeleteStreamCommand({ StreamName: stream }));
  assert.ok(!(await admin.listTopics()).includes(stream));
});

test('a topic that was deleted and made again is another stream', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const client = kinesisClient(kinesis);
  const admin = await administrator(kafka);
  t.after(() => admin.disconnect());
  const topic = newName();
  const put = (text: string) =>
    client.send(
      new PutRecordCommand({ StreamName: topic, PartitionKey: 'k', Data: Buffer.from(text) }),
    );
  await createTopics(admin, [{ topic, numPartitions: 1 }]);
  await put('of the first');
  await admin.deleteTopics({ topics: [topic] });
  await createTopics(admin, [{ topic, numPartitions: 1 }]);
  await put('of the second');
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName: topic,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }));
  assert.deepEqual(
    Records!.map(({ Data }) => Buffer.from(Data!).toString()),
    ['of the second'],
  );
});

test('two gateways in front of one cluster are as one', async (t) => {
  const [one, other] = await Promise.all([startGateway(t), startGateway(t)]);
  const stream = await createStream(one.kinesis, 1);
  const here = kinesisClient(one.kinesis);
  const there = kinesisClient(other.kinesis);
  const put = await there.send(
    new PutRecordCommand({ StreamName: stream, PartitionKey: 'k', Data: Buffer.from('record') }),
  );
  const iterator = await here.send(
    new GetShardIteratorCommand({
      StreamName: stream,
      ShardId: put.ShardId,
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      StartingSequenceNumber: put.SequenceNumber,
    }),
  );
  const { ShardIterator } = iterator;
  const { Records } = await there.send(new GetRecordsCommand({ ShardIterator }));
  assert.equal(Records?.[0]?.SequenceNumber, put.SequenceNumber);
  await here.send(new DeleteStreamCommand({ StreamName: stream }));
  const again = { StreamName: stream, PartitionKey: 'k', Data: Buffer.from('too late') };
  await assert.rejects(there.send(new PutRecordCommand(again)), ResourceNotFoundException);
  const admin = await administrator(other.kafka);
  t.after(() => admin.disconnect());
  assert.ok(!(await admin.listTopics()).includes(stream), 'it came back');
});

test('a key put through Kinesis goes where Kafka producers put it', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const admin = await administrator(kafka);
  t.after(() => admin.disconnect());
  const py = await python();
  const kinesisProgram = 'test/clients/python/kinesis.py';
  const count = String(keysTried);
  const producers: readonly [string, (topic: string) => Promise<unknown>][] = [
    ['kafka-clients', (topic) => kafkaProgram(['produce', kafka, topic, count, 'none'])],
    ['kafkajs', (topic) => produceByKafkajs(kafka, topic, keysTried)],
    ['franz-go', async (topic) => run(await franzGo(), ['produce', kafka, topic, count, 'none'])],
  ];
  for (const [client, produce] of producers) {
    await t.test(client, async () => {
      const topic = newName();
      await createTopics(admin, [{ topic, numPartitions: 7 }]);
      await run(py, [kinesisProgram, 'put', kinesis, topic, count]);
      await produce(topic);
      const read = kinesisRecords(await run(py, [kinesisProgram, 'read', kinesis, topic]));
      // Among what it asserts: no key is in two places.
      assertAllOnce(read, keysTried, 2);
      assert.ok(new Set(read.map(({ place }) => place)).size > 1);
    });
  }
});

test('kcat lists streams and topics, with the address of the door only', async (t) => {
  const list = await kcat();
  if (list === undefined) return t.diagnostic('kcat is not to be had here: not tested');
  const { kinesis, kafka } = await startGateway(t);
  const stream = await createStream(kinesis, 2);
  const listed = JSON.parse(await list(['-b', kafka, '-L', '-J'])) as {
    brokers: { name: string }[];
    topics: { topic: string; partitions: unknown[] }[];
  };
  assert.deepEqual(
    listed.brokers.map(({ name }) => name),
    [kafka],
  );
  const found = listed.topics.find(({ topic }) => topic === stream);
  assert.equal(found?.partitions.length, 2);
});

test('the first success of the README: put with the CLI, read with kcat, and back', async (t) => {
  const kcatRun = await kcat();
  if (kcatRun === undefined) return t.diagnostic('kcat is not to be had here: not tested');
  const { kinesis, kafka } = await startGateway(t);
  const py = await python();
  const stream = newName();
  const environment = {
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: kinesis,
  };
  const aws = (...given: string[]) =>
    run(py, ['-m', 'awscli', 'kinesis', ...given, '--output', 'text'], { environment });
  await aws('create-stream', '--stream-name', stream, '--shard-count', '2');
  const record = ['--partition-key', 'a', '--data', 'hello'];
  await aws('put-record', '--stream-name', stream, ...record);
  const read = await kcatRun(['-b', kafka, '-C', '-t', stream, '-e', '-f', '%k: %s\n']);
  assert.equal(read, 'a: hello\n');
  await kcatRun(['-b', kafka, '-P', '-t', stream, '-K:'], { input: 'b:from Kafka\n' });
  const backAgain = await run(py, ['test/clients/python/kinesis.py', 'read', kinesis, stream]);
  const values = kinesisRecords(backAgain).map(({ value }) => value);
  assert.deepEqual(values.toSorted(), ['from Kafka', 'hello']);
});
