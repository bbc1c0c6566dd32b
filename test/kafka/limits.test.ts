/** Limits of shards at the Kafka door: clients wait, nothing fails, both doors share a budget. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ProvisionedThroughputExceededException,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import type { Connection } from '../../adapters/kafka/connection.ts';
import { throttleMsMax } from '../../src/domain/limits/rate-limit.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import { metadataRequest, metadataResponse } from '../../src/wire/messages/03-metadata.ts';
import { encodeBatch } from '../../src/wire/record-batch.ts';
import { createStream, kafkaClient, newName } from '../support/doors.ts';
import { createTopics } from '../support/create-topics.ts';
import { sharedEngines } from '../support/engines.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { connectTo } from '../support/kafka-connection.ts';
import { untilTrue } from '../support/until.ts';

const produceApi = { request: produceRequest, response: produceResponse };
const fetchApi = { request: fetchRequest, response: fetchResponse };
const metadataApi = { request: metadataRequest, response: metadataResponse };
const limited = { settings: { KINESKA_LIMITS: 'aws' } };
const refusedCode = 'ProvisionedThroughputExceededException';

const batchOf = (count: number, bytes: number) =>
  encodeBatch(
    Array.from({ length: count }, (_, n) => ({
      key: Buffer.from(String(n)),
      value: Buffer.alloc(bytes),
    })),
    Date.now(),
  );

function impatientKinesis(t: TestContext, endpoint: string): KinesisClient {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const made = new KinesisClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  t.after(() => made.destroy());
  return made;
}

async function topicIdOf(connection: Connection, name: string): Promise<string> {
  const { topics } = await connection.request(metadataApi, { topics: [{ name }] });
  return topics[0]!.topicId;
}

/** Writes a batch to partition 0. Answers throttle_time_ms. */
async function produce(
  connection: Connection,
  topic: { readonly name: string; readonly topicId: string },
  records: Buffer,
  acks = -1,
  versionMax = 13,
): Promise<number> {
  const topicData = [{ ...topic, partitionData: [{ index: 0, records }] }];
  const request = { acks, timeoutMs: 20_000, topicData };
  const answer = await connection.request(produceApi, request, { versionMax });
  assert.equal(answer.responses[0]!.partitionResponses[0]!.errorCode, 0);
  return answer.throttleTimeMs;
}

async function throttledSoFar({ operations }: Gateway, operation: string): Promise<number> {
  const metrics = await (await fetch(`${operations}/metrics`)).text();
  const labels = `service="kafka",operation="${operation}",owner="provisioned"`;
  const found = new RegExp(`^kineska_throttled_total{${labels}} (\\d+)`, 'm').exec(metrics);
  return Number(found?.[1] ?? 0);
}

const fetchBytesMax = 64 * 1024 * 1024;

/** One answer, as large as it gets. */
function fetchAll(connection: Connection, topicId: string) {
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: fetchBytesMax }];
  return connection.request(fetchApi, {
    maxWaitMs: 1_000,
    minBytes: 1,
    maxBytes: fetchBytesMax,
    isolationLevel: 0,
    topics: [{ topicId, partitions }],
    rackId: '',
  });
}

test('clients over the rates of shards', async (t) => {
  const gateway = await startGateway(t, limited);
  const kinesis = impatientKinesis(t, gateway.kinesis);

  await t.test('all is written, the wait is told, and Kinesis is refused meanwhile', async () => {
    const name = await createStream(gateway.kinesis, 1);
    const connection = await connectTo(t, gateway.kafka);
    const topic = { name, topicId: await topicIdOf(connection, name) };
    // As many as take longer to repay than anything here does.
    const waitMs = await produce(connection, topic, batchOf(18_000, 1));
    assert.ok(waitMs > 10_000 && waitMs <= throttleMsMax, `${waitMs} ms`);
    const put = await kinesis.send(
      new PutRecordsCommand({
        StreamName: name,
        Records: [{ Data: Buffer.from('a'), PartitionKey: 'k' }],
      }),
    );
    assert.equal(put.FailedRecordCount, 1);
    assert.equal(put.Records?.[0]?.ErrorCode, refusedCode);
    const other = await connectTo(t, gateway.kafka);
    assert.ok(
      (await produce(other, topic, batchOf(1, 1), 1, 8)) > 0,
      'another client has the same deficit',
    );
  });

  await t.test('a connection is not read before the told time is over', async () => {
    const name = await createStream(gateway.kinesis, 1);
    const connection = await connectTo(t, gateway.kafka);
    const topic = { name, topicId: await topicIdOf(connection, name) };
    const waitMs = await produce(connection, topic, batchOf(2_200, 1));
    const toldAtMs = performance.now();
    assert.ok(waitMs > 0);
    await connection.request(metadataApi, { topics: [] });
    const waitedMs = performance.now() - toldAtMs;
    assert.ok(waitedMs > 0.9 * waitMs - 100, `${waitedMs} of ${waitMs} ms`);
  });

  await t.test('a producer continues, at the rate, with no error', async () => {
    const name = await createStream(gateway.kinesis, 1);
    const before = await throttledSoFar(gateway, 'Produce');
    const producer = kafkaClient(gateway.kafka).producer();
    await producer.connect();
    for (let round = 0; round < 4; round++) {
      const messages = Array.from({ length: 1_000 }, (_, n) => ({ key: `${n}`, value: 'v' }));
      const [answer] = await producer.send({ topic: name, messages });
      assert.equal(answer?.errorCode, 0);
      assert.equal(answer?.baseOffset, String(round * 1_000));
    }
    await producer.disconnect();
    assert.ok((await throttledSoFar(gateway, 'Produce')) > before);
  });

  await t.test('topics that follow rules of Kafka are not throttled', async () => {
    const name = newName();
    const admin = kafkaClient(gateway.kafka).admin();
    await admin.connect();
    await createTopics(admin, [{ topic: name, numPartitions: 1 }]);
    await admin.disconnect();
    const before = await throttledSoFar(gateway, 'Produce');
    const connection = await connectTo(t, gateway.kafka);
    const topic = { name, topicId: await topicIdOf(connection, name) };
    for (let round = 0; round < 3; round++) {
      assert.equal(await produce(connection, topic, batchOf(18_000, 10)), 0);
    }
    const { throttleTimeMs } = await fetchAll(connection, topic.topicId);
    assert.equal(throttleTimeMs, 0);
    assert.equal(await throttledSoFar(gateway, 'Produce'), before);
  });

  await t.test('readers get all, later, and GetRecords shares their budget', async () => {
    const name = await createStream(gateway.kinesis, 1);
    const { kafkaBootstrap } = await sharedEngines();
    // Directly to Kafka, so that it charges no budget.
    const direct = await connectTo(t, kafkaBootstrap);
    const topic = { name, topicId: await topicIdOf(direct, name) };
    const batches = 12;
    for (let batch = 0; batch < batches; batch++) {
      assert.equal(await produce(direct, topic, batchOf(1, 1_000_000)), 0);
    }
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName: name,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    const connection = await connectTo(t, gateway.kafka);
    await topicIdOf(connection, name);
    const { throttleTimeMs, responses } = await fetchAll(connection, topic.topicId);
    const bytes = responses[0]!.partitions[0]!.records!.length;
    assert.ok(bytes > batches * 1_000_000, `${bytes} bytes`);
    assert.ok(throttleTimeMs > 2_000 && throttleTimeMs <= throttleMsMax, `${throttleTimeMs} ms`);
    await assert.rejects(
      kinesis.send(new GetRecordsCommand({ ShardIterator })),
      ProvisionedThroughputExceededException,
    );
    assert.equal(await throttledSoFar(gateway, 'Fetch'), 1);

    const consumer = kafkaClient(gateway.kafka).consumer({ groupId: newName() });
    let seen = 0;
    await consumer.connect();
    await consumer.subscribe({ topic: name, fromBeginning: true });
    await consumer.run({
      async eachMessage({ message }) {
        seen += message.value!.length;
      },
    });
    await untilTrue('four records', () => seen >= 4 * 1_000_000);
    await consumer.disconnect();
    assert.ok((await throttledSoFar(gateway, 'Fetch')) > 1);
  });
});
