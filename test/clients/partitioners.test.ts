/** The same keys through both doors land on the same shards. Partitioners are those of the docs. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  ListTagsForStreamCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import kafkajs from 'kafkajs';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';
import { resolveKafka } from '../../adapters/engines/embedded-kafka.ts';
import { javaCommand } from '../../adapters/engines/java.ts';
import { md5RangePartitioner } from '../../src/partitioners.ts';
import { installClients, python, run } from '../support/install.ts';
import { sharedEngines } from '../support/engines.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { createStream, kafkaClient, kinesisClient, newName } from '../support/doors.ts';

await Promise.all([sharedEngines(), installClients()]);

/** Not a power of two: the last range is larger than the others. */
const shardCount = 5;
const numbers = Array.from({ length: 150 }, (_, index) => String(index));
const keys = [...numbers, 'ключ', '鍵', 'ключ-'.repeat(40), 'a b\tc', 'é'];
const tagged = (partitioner: string) => ({ 'kineska.partitioner': partitioner });

test('keys go to one shard through both doors', async (t) => {
  const gateway = await startGateway(t, { settings: { KINESKA_LIMITS: 'off' } });

  await t.test('md5-range: the partitioner of the package, for kafkajs', async () => {
    const stream = await createStream(gateway.kinesis, shardCount);
    await byKafkajs(gateway, stream, md5RangePartitioner());
    await assertOnePlace(gateway, stream, keys);
  });

  await t.test('md5-range: the Java class of the docs', async (st) => {
    const stream = await createStream(gateway.kinesis, shardCount);
    await byJava(st, gateway, stream);
    await assertOnePlace(gateway, stream, numbers);
  });

  await t.test('md5-range: the Python function of the docs', async () => {
    const stream = await createStream(gateway.kinesis, shardCount);
    await byPython(gateway, stream);
    await assertOnePlace(gateway, stream, keys);
  });

  await t.test('murmur2 by a tag at CreateStream: kafkajs and Java as they are', async () => {
    const StreamName = newName();
    const client = kinesisClient(gateway.kinesis);
    const Tags = tagged('murmur2');
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: shardCount, Tags }));
    const shown = await client.send(new ListTagsForStreamCommand({ StreamName }));
    assert.deepEqual(shown.Tags, [{ Key: 'kineska.partitioner', Value: 'murmur2' }]);
    client.destroy();
    await byKafkajs(gateway, StreamName, kafkajs.Partitioners.DefaultPartitioner);
    await assertOnePlace(gateway, StreamName, keys);
  });

  await t.test('crc32 by a tag set later: confluent-kafka-python as it is', async () => {
    const stream = await createStream(gateway.kinesis, shardCount);
    const client = kinesisClient(gateway.kinesis);
    await client.send(new AddTagsToStreamCommand({ StreamName: stream, Tags: tagged('crc32') }));
    client.destroy();
    await byConfluentKafka(gateway, stream);
    await assertOnePlace(gateway, stream, keys);
  });

  await t.test('another value of the tag is refused', async () => {
    const StreamName = await createStream(gateway.kinesis, 1);
    const client = kinesisClient(gateway.kinesis);
    await assert.rejects(
      client.send(new AddTagsToStreamCommand({ StreamName, Tags: tagged('md5') })),
      { name: 'InvalidArgumentException', message: /md5-range, murmur2, crc32/ },
    );
    client.destroy();
  });
});

async function byKafkajs(
  { kafka }: Gateway,
  topic: string,
  createPartitioner: kafkajs.ICustomPartitioner,
): Promise<void> {
  const producer = kafkaClient(kafka).producer({ createPartitioner });
  await producer.connect();
  await producer.send({ topic, messages: keys.map((key) => ({ key, value: 'kafka' })) });
  await producer.disconnect();
}

/** The code block of that language in docs/partitioners.md. */
async function documented(language: string): Promise<string> {
  const page = await readFile('docs/partitioners.md', 'utf8');
  const block = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)?.[1];
  return block ?? assert.fail(`no ${language} in the page`);
}

async function byJava(t: TestContext, { kafka }: Gateway, topic: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-partitioner-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { jars } = await resolveKafka(defaultCacheFolder(process.env), () => undefined);
  const source = join(folder, 'Md5RangePartitioner.java');
  const config = join(folder, 'producer.properties');
  await writeFile(source, await documented('java'));
  await writeFile(config, 'partitioner.class=Md5RangePartitioner\n');
  await run('javac', ['-cp', jars.join(delimiter), '-d', folder, source]);
  await run(javaCommand(), [
    ...['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', [folder, ...jars].join(delimiter)],
    ...['org.apache.kafka.tools.VerifiableProducer', '--bootstrap-server', kafka],
    ...['--topic', topic, '--max-messages', String(numbers.length), '--repeating-keys'],
    ...[String(numbers.length), '--command-config', config],
  ]);
}

async function byPython({ kafka }: Gateway, topic: string): Promise<void> {
  const program = `${await documented('python')}
import json, sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1]})
for key in json.loads(sys.stdin.read()):
    partition = md5_range_partitioner(key.encode(), range(${shardCount}))
    producer.produce(sys.argv[2], key=key.encode(), value=b"kafka", partition=partition)
assert producer.flush(60) == 0
`;
  await run(await python(), ['-c', program, kafka, topic], { input: JSON.stringify(keys) });
}

async function byConfluentKafka({ kafka }: Gateway, topic: string): Promise<void> {
  const program = `
import json, sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1]})
for key in json.loads(sys.stdin.read()):
    producer.produce(sys.argv[2], key=key.encode(), value=b"kafka")
assert producer.flush(60) == 0
`;
  await run(await python(), ['-c', program, kafka, topic], { input: JSON.stringify(keys) });
}

/** Puts the keys through the Kinesis door, too: each has two records then, in one shard. */
async function assertOnePlace(
  { kinesis }: Gateway,
  StreamName: string,
  put: readonly string[],
): Promise<void> {
  const client = kinesisClient(kinesis);
  const Records = put.map((PartitionKey) => ({ PartitionKey, Data: Buffer.from('kinesis') }));
  const answer = await client.send(new PutRecordsCommand({ StreamName, Records }));
  assert.equal(answer.FailedRecordCount, 0);
  const places = new Map<string, string[]>();
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  for (const { ShardId } of Shards) {
    const start = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    const { ShardIterator } = await client.send(new GetShardIteratorCommand(start));
    const read = await client.send(new GetRecordsCommand({ ShardIterator }));
    assert.equal(read.MillisBehindLatest, 0);
    for (const { PartitionKey } of read.Records ?? []) {
      places.set(PartitionKey!, [...(places.get(PartitionKey!) ?? []), ShardId!]);
    }
  }
  client.destroy();
  assert.deepEqual([...places.keys()].toSorted(), put.toSorted());
  for (const [key, shards] of places) {
    assert.equal(shards.length, 2, `${key} was written twice`);
    assert.equal(shards[0], shards[1], `${key} is in one shard`);
  }
  assert.equal(new Set([...places.values()].flat()).size, shardCount, 'every shard has some');
}
