/** kafkajs as its users run it. */
import kafkajs from 'kafkajs';
import { kafkaClient, untilResolved } from '../doors.ts';
import { keyOf, type ReadRecord } from '../checks/records.ts';

const batchRecords = 500;

function messages(from: number, to: number, prefix = 'record') {
  return Array.from({ length: to - from }, (_, index) => ({
    key: keyOf(from + index),
    value: `${prefix}-${from + index}`,
  }));
}

function producerOf(bootstrap: string, transactionalId?: string): kafkajs.Producer {
  return kafkaClient(bootstrap).producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
    ...(transactionalId === undefined ? {} : { transactionalId }),
  });
}

/** record-0 … under the keys of all programs. */
export async function produceByKafkajs(
  bootstrap: string,
  topic: string,
  count: number,
  compression = kafkajs.CompressionTypes.None,
): Promise<void> {
  const producer = producerOf(bootstrap);
  await producer.connect();
  for (let from = 0; from < count; from += batchRecords) {
    const to = Math.min(from + batchRecords, count);
    await producer.send({ topic, compression, messages: messages(from, to) });
  }
  await producer.disconnect();
}

/** As many aborted records, then `count` committed ones. */
export async function transactByKafkajs(
  bootstrap: string,
  topic: string,
  count: number,
): Promise<void> {
  const producer = producerOf(bootstrap, `kafkajs-${topic}`);
  await producer.connect();
  const aborted = await producer.transaction();
  await aborted.send({ topic, messages: messages(0, count, 'aborted') });
  await aborted.abort();
  const committed = await producer.transaction();
  await committed.send({ topic, messages: messages(0, count) });
  await committed.commit();
  await producer.disconnect();
}

/** A group reads `count` records, commits and leaves. */
export async function consumeByKafkajs(
  bootstrap: string,
  topic: string,
  count: number,
): Promise<ReadRecord[]> {
  const consumer = kafkaClient(bootstrap).consumer({ groupId: `kafkajs-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const read: ReadRecord[] = [];
  await untilResolved(
    (resolve, reject) => {
      const eachMessage = async ({ partition, message }: kafkajs.EachMessagePayload) => {
        read.push({
          place: String(partition),
          position: message.offset,
          key: String(message.key),
          value: String(message.value),
          ms: Number(message.timestamp),
        });
        if (read.length === count) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    },
    () => `${read.length} of ${count} records were read`,
  );
  await consumer.disconnect();
  return read;
}
