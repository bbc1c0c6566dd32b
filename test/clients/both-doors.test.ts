/** One log, two doors: what one protocol's clients write, the other's clients read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import kafkajs from 'kafkajs';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import {
  awsProgram,
  franzGo,
  installClients,
  kafkaProgram,
  kcat,
  python,
  run,
} from '../support/install.ts';
import { createStream, kafkaClient, kinesisClient, untilResolved } from '../support/doors.ts';
import {
  consumeByKafkajs,
  produceByKafkajs,
  transactByKafkajs,
} from '../support/programs/kafkajs.ts';
import {
  assertAllOnce,
  kafkaRecords,
  keyOf,
  kinesisRecords,
  linesOf,
} from '../support/checks/records.ts';

await Promise.all([sharedEngines(), installClients()]);

const count = 10_000;
const many = String(count);
const kinesisProgram = 'test/clients/python/kinesis.py';
const kafkaPython = 'test/clients/python/kafka_client.py';
const noKcat = 'kcat is not installed and apt-get cannot bring it: not tested';

test('10,000 records that boto3 puts over 4 shards, every Kafka client reads', async (t) => {
  const gateway = await startGateway(t);
  const { kafka } = gateway;
  const stream = await createStream(gateway.kinesis);
  const py = await python();
  const put = await run(py, [kinesisProgram, 'put', gateway.kinesis, stream, many]);
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
      const given = ['consume', kafka, stream, many, protocol];
      assertAllOnce(kafkaRecords(await kafkaProgram(given)), count);
    });
    await t.test(`confluent-kafka-python, group protocol ${protocol}`, async () => {
      const given = [kafkaPython, 'consume', kafka, stream, many, protocol];
      assertAllOnce(kafkaRecords(await run(py, given)), count);
    });
  }
  await t.test('kafkajs', async () => {
    assertAllOnce(await consumeByKafkajs(kafka, stream, count), count);
  });
  await t.test('franz-go', async () => {
    const given = ['consume', kafka, stream, many];
    assertAllOnce(kafkaRecords(await run(await franzGo(), given)), count);
  });
  await t.test('kcat', async () => {
    const kcatRun = await kcat();
    if (kcatRun === undefined) return t.diagnostic(noKcat);
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

type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
type Produce = (kafka: string, topic: string, codecs: readonly Codec[]) => Promise<unknown>;

const allCodecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
/** Of each producer, in each compression. */
const producedCount = 2_000;
const given = (kafka: string, topic: string, codecs: readonly Codec[]) =>
  ['produce', kafka, topic, String(producedCount), codecs.join(',')] as const;

const producers: readonly [string, readonly Codec[], Produce][] = [
  ['kafka-clients', allCodecs, (...where) => kafkaProgram(given(...where))],
  [
    'confluent-kafka-python',
    allCodecs,
    async (...where) => run(await python(), [kafkaPython, ...given(...where)]),
  ],
  ['franz-go', allCodecs, async (...where) => run(await franzGo(), given(...where))],
  // Without plug-ins kafkajs has no other.
  ['kafkajs', ['none', 'gzip'], produceInCodecsOfKafkajs],
  ['kcat', allCodecs, produceByKcat],
];

async function produceInCodecsOfKafkajs(...[kafka, topic, codecs]: Parameters<Produce>) {
  const { None, GZIP } = kafkajs.CompressionTypes;
  for (const codec of codecs) {
    await produceByKafkajs(kafka, topic, producedCount, codec === 'gzip' ? GZIP : None);
  }
}

async function produceByKcat(...[kafka, topic, codecs]: Parameters<Produce>) {
  const kcatRun = await kcat();
  if (kcatRun === undefined) return;
  const lines = Array.from({ length: producedCount }, (_, n) => `${keyOf(n)}:record-${n}\n`);
  for (const codec of codecs) {
    const how = ['-b', kafka, '-P', '-t', topic, '-K:', '-z', codec];
    await kcatRun(how, { input: lines.join('') });
  }
}

for (const [client, codecs, produce] of producers) {
  test(`what ${client} produces, boto3 and the SDK for Java read: ${codecs.join()}`, async (t) => {
    if (client === 'kcat' && (await kcat()) === undefined) return t.diagnostic(noKcat);
    const { kinesis, kafka } = await startGateway(t);
    const stream = await createStream(kinesis);
    await produce(kafka, stream, codecs);
    const byBoto3 = await run(await python(), [kinesisProgram, 'read', kinesis, stream]);
    assertAllOnce(kinesisRecords(byBoto3), producedCount, codecs.length);
    const byJava = await awsProgram(['read', kinesis, stream]);
    assertAllOnce(kinesisRecords(byJava), producedCount, codecs.length);
  });
}

test('of transactions, boto3 and Kafka readers see what was committed', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const py = await python();
  const few = '500';
  const runs: readonly [string, (topic: string) => Promise<unknown>][] = [
    ['kafka-clients', (topic) => kafkaProgram(['transactions', kafka, topic, few])],
    [
      'confluent-kafka-python',
      (topic) => run(py, [kafkaPython, 'transactions', kafka, topic, few]),
    ],
    ['franz-go', async (topic) => run(await franzGo(), ['transactions', kafka, topic, few])],
    ['kafkajs', (topic) => transactByKafkajs(kafka, topic, Number(few))],
  ];
  for (const [client, transact] of runs) {
    await t.test(client, async () => {
      const stream = await createStream(kinesis);
      await transact(stream);
      const read = await run(py, [kinesisProgram, 'read', kinesis, stream]);
      assertAllOnce(kinesisRecords(read), Number(few));
      const consume = [kafkaPython, 'consume', kafka, stream, few, 'classic'];
      assertAllOnce(kafkaRecords(await run(py, consume)), Number(few));
    });
  }
});

async function recordsOfFirstShard(client: KinesisClient, StreamName: string) {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
  return Records.map(({ PartitionKey = '', Data = new Uint8Array() }) => ({
    key: PartitionKey,
    data: Buffer.from(Data),
  }));
}

test('every byte passes untouched, either way, up to the largest record', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const stream = await createStream(kinesis, 1);
  const client = kinesisClient(kinesis);
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  // A record of Kinesis has at most 1 MiB, with its key.
  const largest = Buffer.alloc(1024 * 1024 - 'key'.length, everyByte);
  for (const Data of [everyByte, largest]) {
    await client.send(new PutRecordCommand({ StreamName: stream, PartitionKey: 'key', Data }));
  }
  const kafkaSide = kafkaClient(kafka);
  const producer = kafkaSide.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  for (const value of [everyByte, largest.subarray(0, 1_000_000)]) {
    await producer.send({ topic: stream, messages: [{ key: 'key', value }] });
  }
  await producer.disconnect();
  const expected = [everyByte, largest, everyByte, largest.subarray(0, 1_000_000)];

  const seenByKinesis = await recordsOfFirstShard(client, stream);
  assert.equal(seenByKinesis.length, expected.length);
  seenByKinesis.forEach(({ data }, index) => assert.ok(data.equals(expected[index]!)));
  const seenByKafka = await valuesOf(kafkaSide, stream, expected.length);
  seenByKafka.forEach((value, index) => assert.ok(value.equals(expected[index]!)));
});

async function valuesOf(client: kafkajs.Kafka, topic: string, wanted: number): Promise<Buffer[]> {
  const consumer = client.consumer({ groupId: `values-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: Buffer[] = [];
  await untilResolved(
    (resolve, reject) => {
      const eachMessage = async ({ message }: kafkajs.EachMessagePayload) => {
        values.push(message.value!);
        if (values.length === wanted) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    },
    () => `${values.length} of ${wanted} values were read`,
  );
  await consumer.disconnect();
  return values;
}

test('records that only Kafka can write look to Kinesis as the documentation says', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const stream = await createStream(kinesis);
  await kafkaProgram(['odd', kafka, stream]);
  const seen = await recordsOfFirstShard(kinesisClient(kinesis), stream);
  const asText = seen.map(({ key, data }) => [
    key.replace(/^md5:[0-9a-f]{32}$/, 'md5:…'),
    data.toString(),
  ]);
  assert.deepEqual(asText, [
    ['0', 'no key'],
    ['no value', ''],
    ['base64://4A', 'binary key'],
    ['md5:…', 'long key'],
    ['headers', 'headers'],
  ]);
});
