/** Everything is killed in the middle of puts; nothing that was acknowledged is gone. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import kafkajs from 'kafkajs';
import { startGateway } from '../support/gateway.ts';
import { assertGone } from '../support/processes.ts';

const StreamName = 'survivor';
const batchRecords = 50;
const batchesBeforeKill = 40;

/** `retries` of kafkajs: none while everything is killed, so that it fails at once. */
function clients(kinesis: string, kafka: string, retries: number) {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  return {
    sdk: new KinesisClient({
      endpoint: kinesis,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
    }),
    kafka: new kafkajs.Kafka({
      brokers: [kafka],
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries },
    }),
  };
}

/** Calls `put` again and again until it fails; hears of each batch that was acknowledged. */
async function putUntilKilled(put: (batch: number) => Promise<void>): Promise<void> {
  try {
    for (let batch = 0; ; batch++) await put(batch);
  } catch (error) {
    // The end of the engines is the end of the puts; what was acknowledged is known by now.
    assert.ok(error instanceof Error);
  }
}

test('kill -9 of the gateway and all engines loses no acknowledged record', async (t) => {
  const gateway = await startGateway(t, { embedded: true });
  const { sdk, kafka } = clients(gateway.kinesis, gateway.kafka, 0);
  await sdk.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
  const { ShardIterator: oldIterator } = await sdk.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const acknowledged = new Map<string, string | undefined>();
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const milestones = new EventEmitter();
  const enough = once(milestones, 'enough');
  const noted = () => {
    if (acknowledged.size >= 2 * batchRecords * batchesBeforeKill) milestones.emit('enough');
  };
  const valuesOf = (door: string, batch: number) =>
    Array.from({ length: batchRecords }, (_, index) => `${door}-${batch}-${index}`);
  const byKinesis = putUntilKilled(async (batch) => {
    const values = valuesOf('kinesis', batch);
    const answer = await sdk.send(
      new PutRecordsCommand({
        StreamName,
        Records: values.map((value) => ({ PartitionKey: value, Data: Buffer.from(value) })),
      }),
    );
    answer.Records?.forEach((entry, index) => {
      if (entry.SequenceNumber !== undefined) {
        acknowledged.set(values[index]!, entry.SequenceNumber);
      }
    });
    noted();
  });
  const byKafka = putUntilKilled(async (batch) => {
    const values = valuesOf('kafka', batch);
    const messages = values.map((value) => ({ key: value, value }));
    await producer.send({ topic: StreamName, acks: -1, messages });
    for (const value of values) acknowledged.set(value, undefined);
    noted();
  });
  await enough;
  const { engines } = JSON.parse(readFileSync(join(gateway.dataDir, 'instance.json'), 'utf8')) as {
    engines: { pid: number }[];
  };
  assert.equal(engines.length, 2);
  for (const { pid } of engines) process.kill(-pid, 'SIGKILL');
  gateway.child.kill('SIGKILL');
  await Promise.all([byKinesis, byKafka, producer.disconnect()]);
  await assertGone(engines.map(({ pid }) => pid));

  const again = await gateway.again();
  const read = await readAll(clients(again.kinesis, again.kafka, 8).sdk);
  for (const [value, sequence] of acknowledged) {
    assert.ok(read.has(value), `${value} was acknowledged and is gone`);
    if (sequence !== undefined) assert.ok(read.get(value)!.includes(sequence), value);
  }
  const { Records } = await clients(again.kinesis, again.kafka, 8).sdk.send(
    new GetRecordsCommand({ ShardIterator: oldIterator }),
  );
  assert.ok((Records?.length ?? 0) > 0, 'an iterator from before the kill is honoured');
  const viaKafka = await readByKafka(clients(again.kinesis, again.kafka, 8).kafka, acknowledged);
  assert.deepEqual(
    [...acknowledged.keys()].filter((value) => !viaKafka.has(value)),
    [],
  );
  assert.equal(await again.stop(), 0);
});

async function readAll(sdk: KinesisClient): Promise<Map<string, string[]>> {
  const read = new Map<string, string[]>();
  const { Shards = [] } = await sdk.send(new ListShardsCommand({ StreamName }));
  for (const { ShardId } of Shards) {
    let { ShardIterator } = await sdk.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    for (;;) {
      const answer = await sdk.send(new GetRecordsCommand({ ShardIterator }));
      for (const { Data, SequenceNumber } of answer.Records ?? []) {
        const value = Buffer.from(Data ?? []).toString();
        read.set(value, [...(read.get(value) ?? []), SequenceNumber ?? '']);
      }
      if (answer.MillisBehindLatest === 0 && answer.Records?.length === 0) break;
      ShardIterator = answer.NextShardIterator;
    }
  }
  return read;
}

async function readByKafka(
  kafka: kafkajs.Kafka,
  wanted: ReadonlyMap<string, unknown>,
): Promise<Set<string>> {
  const consumer = kafka.consumer({ groupId: 'after-the-kill' });
  await consumer.connect();
  await consumer.subscribe({ topic: StreamName, fromBeginning: true });
  const read = new Set<string>();
  const missing = new Set(wanted.keys());
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          const value = String(message.value);
          read.add(value);
          missing.delete(value);
          if (missing.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return read;
}
