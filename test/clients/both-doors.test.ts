/** One log, two doors: what one protocol's clients write, the other's clients read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import kafkajs from 'kafkajs';
import { startGateway } from '../support/gateway.ts';
import { franzGo, kafkaProgram, kcat, python, run } from '../support/install.ts';
import { sharedEngines } from '../support/engines.ts';
import {
  assertAllOnce,
  kafkaRecords,
  kinesisRecords,
  linesOf,
  type ReadRecord,
} from './records.ts';

await sharedEngines();

const count = 10_000;
const shards = 4;
const kinesisProgram = 'test/clients/python/kinesis.py';
const kafkaPython = 'test/clients/python/kafka_client.py';

let streams = 0;
const newName = (): string => `both-${process.pid}-${streams++}`;

function sdk(endpoint: string): KinesisClient {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  return new KinesisClient({ endpoint, region: 'us-east-1', credentials });
}

async function createStream(endpoint: string): Promise<string> {
  const StreamName = newName();
  await sdk(endpoint).send(new CreateStreamCommand({ StreamName, ShardCount: shards }));
  return StreamName;
}

async function consumeByKafkajs(bootstrap: string, topic: string): Promise<ReadRecord[]> {
  const client = new kafkajs.Kafka({
    brokers: [bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const consumer = client.consumer({ groupId: `kafkajs-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const read: ReadRecord[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          read.push({
            place: String(partition),
            position: message.offset,
            key: String(message.key),
            value: String(message.value),
            ms: Number(message.timestamp),
          });
          if (read.length === count) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return read;
}

test('10,000 records that boto3 puts over 4 shards, every Kafka client reads', async (t) => {
  const gateway = await startGateway(t);
  const { kafka } = gateway;
  const stream = await createStream(gateway.kinesis);
  const py = await python();
  const put = await run(py, [kinesisProgram, 'put', gateway.kinesis, stream, String(count)]);
  const sequences = new Map(
    linesOf<{ n: number; seq: string }>(put).map(({ n, seq }) => [`record-${n}`, seq]),
  );

  await t.test('boto3 reads the sequence numbers that PutRecords answered', async () => {
    const read = kinesisRecords(await run(py, [kinesisProgram, 'read', gateway.kinesis, stream]));
    assertAllOnce(read, count);
    for (const { value, position } of read) assert.equal(position, sequences.get(value));
  });
  for (const protocol of ['classic', 'consumer']) {
    await t.test(`kafka-clients, group protocol ${protocol}`, async () => {
      const given = ['consume', kafka, stream, String(count), protocol];
      assertAllOnce(kafkaRecords(await kafkaProgram(given)), count);
    });
    await t.test(`confluent-kafka-python, group protocol ${protocol}`, async () => {
      const given = [kafkaPython, 'consume', kafka, stream, String(count), protocol];
      assertAllOnce(kafkaRecords(await run(py, given)), count);
    });
  }
  await t.test('kafkajs', async () => {
    assertAllOnce(await consumeByKafkajs(kafka, stream), count);
  });
  await t.test('franz-go', async () => {
    const given = ['consume', kafka, stream, String(count)];
    assertAllOnce(kafkaRecords(await run(await franzGo(), given)), count);
  });
  await t.test('kcat', async () => {
    const kcatRun = await kcat();
    if (kcatRun === undefined) return t.diagnostic('kcat: not to be had here, not tested');
    const format = '%p\t%o\t%k\t%s\t%T\n';
    const output = await kcatRun(['-b', kafka, '-C', '-t', stream, '-e', '-q', '-f', format]);
    const read = output.split('\n').filter((line) => line !== '');
    assertAllOnce(
      read.map((line) => {
        const [place = '', position = '', key = '', value = '', ms] = line.split('\t');
        return { place, position, key, value, ms: Number(ms) };
      }),
      count,
    );
  });
});

const producers: readonly [
  string,
  (kafka: string, topic: string, how: string) => Promise<string>,
][] = [
  [
    'kafka-clients',
    (kafka, topic, how) => kafkaProgram(['produce', kafka, topic, String(count), how]),
  ],
  [
    'confluent-kafka-python',
    async (kafka, topic, how) =>
      run(await python(), [kafkaPython, 'produce', kafka, topic, String(count), how]),
  ],
  [
    'franz-go',
    async (kafka, topic, how) =>
      run(await franzGo(), ['produce', kafka, topic, String(count), how]),
  ],
];
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

for (const [client, produce] of producers) {
  test(`what ${client} produces, in every compression, boto3 reads`, async (t) => {
    const gateway = await startGateway(t);
    const py = await python();
    const stream = await createStream(gateway.kinesis);
    for (const how of compressions) await produce(gateway.kafka, stream, how);
    const read = kinesisRecords(await run(py, [kinesisProgram, 'read', gateway.kinesis, stream]));
    assertAllOnce(read, count, compressions.length);
  });
}

test('of transactions, boto3 and Kafka readers see what was committed', async (t) => {
  const gateway = await startGateway(t);
  const py = await python();
  const many = '500';
  const runs: readonly [string, (topic: string) => Promise<string>][] = [
    ['kafka-clients', (topic) => kafkaProgram(['transactions', gateway.kafka, topic, many])],
    [
      'confluent-kafka-python',
      (topic) => run(py, [kafkaPython, 'transactions', gateway.kafka, topic, many]),
    ],
    [
      'franz-go',
      async (topic) => run(await franzGo(), ['transactions', gateway.kafka, topic, many]),
    ],
  ];
  for (const [client, transact] of runs) {
    await t.test(client, async () => {
      const stream = await createStream(gateway.kinesis);
      await transact(stream);
      const read = await run(py, [kinesisProgram, 'read', gateway.kinesis, stream]);
      assertAllOnce(kinesisRecords(read), Number(many));
      const given = [kafkaPython, 'consume', gateway.kafka, stream, many, 'classic'];
      assertAllOnce(kafkaRecords(await run(py, given)), Number(many));
    });
  }
});

test('records that only Kafka can write look to Kinesis as the documentation says', async (t) => {
  const gateway = await startGateway(t);
  const stream = await createStream(gateway.kinesis);
  await kafkaProgram(['odd', gateway.kafka, stream]);
  const client = sdk(gateway.kinesis);
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName: stream,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
  const seen = Records.map(({ PartitionKey, Data }) => [
    PartitionKey?.replace(/^md5:[0-9a-f]{32}$/, 'md5:…'),
    Buffer.from(Data ?? []).toString(),
  ]);
  assert.deepEqual(seen, [
    ['0', 'no key'],
    ['no value', ''],
    ['base64://4A', 'binary key'],
    ['md5:…', 'long key'],
    ['headers', 'headers'],
  ]);
});
