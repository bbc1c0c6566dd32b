// Writes with the AWS SDK for JavaScript and reads with kafkajs.
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  KinesisClient,
  PutRecordCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { Kafka, logLevel } from 'kafkajs';

const kinesis = new KinesisClient({
  endpoint: process.env.KINESIS_ENDPOINT ?? 'http://127.0.0.1:4567',
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' }, // The gateway accepts any.
});
const kafka = new Kafka({
  brokers: [process.env.KAFKA_BOOTSTRAP ?? '127.0.0.1:9092'],
  logLevel: logLevel.ERROR,
});
const StreamName = `example-node-${Date.now()}`;

await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
await waitUntilStreamExists({ client: kinesis, maxWaitTime: 30, minDelay: 1 }, { StreamName });
for (const position of [1, 2, 3]) {
  const Data = Buffer.from(`position ${position}`);
  await kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: 'truck-1', Data }));
}

const consumer = kafka.consumer({ groupId: StreamName });
await consumer.connect();
await consumer.subscribe({ topic: StreamName, fromBeginning: true });
await new Promise((done) => {
  let count = 0;
  void consumer.run({
    eachMessage: async ({ message }) => {
      console.log(`read by Kafka: ${message.key}, ${message.value}`);
      count += 1;
      if (count === 3) done();
    },
  });
});
await consumer.disconnect();
await kinesis.send(new DeleteStreamCommand({ StreamName }));
kinesis.destroy();
