/** Workers behind the same ports grant each shard, and each action, its rate once together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListStreamsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { createStream, kafkaClient, kinesisClient } from '../../support/doors.ts';
import { startGateway } from '../../support/gateway.ts';

const workers = 3;
const clientsOfEach = 2 * workers;
const seconds = 10;
const batchRecords = 50;
const recordsPerSecond = 1_000;
/** One batch of a Kafka client is written before it is told to wait. */
const kafkaBatchRecords = 100;

test('over several workers a shard has one budget for both doors', async (t) => {
  const gateway = await startGateway(t, {
    settings: { KINESKA_LIMITS: 'aws', KINESKA_WORKERS: String(workers) },
  });
  const stream = await createStream(gateway.kinesis, 1);
  const written = { kinesis: 0, kafka: 0 };
  const startedAtMs = performance.now();
  const isOver = () => performance.now() - startedAtMs > seconds * 1_000;
  const byKinesis = async () => {
    // Each has a connection of its own, and so a worker.
    const client = kinesisClient(gateway.kinesis);
    while (!isOver()) {
      const Records = Array.from({ length: batchRecords }, (_, n) => ({
        PartitionKey: String(n),
        Data: Buffer.from('by Kinesis'),
      }));
      const { FailedRecordCount = 0 } = await client.send(
        new PutRecordsCommand({ StreamName: stream, Records }),
      );
      written.kinesis += Records.length - FailedRecordCount;
    }
    client.destroy();
  };
  const byKafka = async () => {
    const producer = kafkaClient(gateway.kafka).producer();
    await producer.connect();
    while (!isOver()) {
      const messages = Array.from({ length: kafkaBatchRecords }, () => ({ value: 'by Kafka' }));
      await producer.send({ topic: stream, messages });
      written.kafka += messages.length;
    }
    await producer.disconnect();
  };
  const clients = Array.from({ length: clientsOfEach }, () => [byKinesis(), byKafka()]);
  await Promise.all(clients.flat());
  const tookS = (performance.now() - startedAtMs) / 1_000;
  const total = written.kinesis + written.kafka;
  t.diagnostic(`${total} records in ${tookS} s: ${JSON.stringify(written)}`);
  // One second's worth in advance at each worker, and the deficit of Kafka clients at the end.
  const most = recordsPerSecond * (tookS + workers) + clientsOfEach * kafkaBatchRecords;
  assert.ok(total <= most, `${total} records in ${tookS} s`);
  assert.ok(written.kinesis > 0 && written.kafka > 0);
});

test('over several workers an action has one rate', async (t) => {
  const gateway = await startGateway(t, {
    settings: { KINESKA_LIMITS: 'aws', KINESKA_WORKERS: String(workers) },
  });
  let granted = 0;
  const startedAtMs = performance.now();
  const isOver = () => performance.now() - startedAtMs > seconds * 1_000;
  const asking = Array.from({ length: clientsOfEach }, async () => {
    const client = kinesisClient(gateway.kinesis);
    while (!isOver()) {
      try {
        await client.send(new ListStreamsCommand({}));
        granted++;
      } catch (error) {
        assert.equal((error as Error).name, 'LimitExceededException');
      }
    }
    client.destroy();
  });
  await Promise.all(asking);
  const tookS = (performance.now() - startedAtMs) / 1_000;
  const perSecond = 5;
  t.diagnostic(`${granted} calls in ${tookS} s`);
  assert.ok(granted <= perSecond * (tookS + workers), `${granted} calls in ${tookS} s`);
});
