import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import kafkajs from 'kafkajs';
import { createTopics } from '../../support/create-topics.ts';
import { startKafkaDoor } from '../../support/kafka-door.ts';
import { writeRequestHeader } from '../../../src/wire/header.ts';
import { type Fields, type Input, type Message, writeMessage } from '../../../src/wire/message.ts';
import { produceRequest } from '../../../src/wire/messages/00-produce.ts';
import { metadataRequest } from '../../../src/wire/messages/03-metadata.ts';
import { apiVersionsRequest } from '../../../src/wire/messages/18-api-versions.ts';
import { Writer } from '../../../src/wire/primitives.ts';
import { encodeBatch } from '../../../src/wire/record-batch.ts';

const { Kafka, logLevel } = kafkajs;

function kafka(broker: string) {
  return new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 3 } });
}

let topics = 0;
function topicName(): string {
  return `relay-${process.pid}-${topics++}`;
}

async function createTopic(broker: string, numPartitions = 1): Promise<string> {
  const admin = kafka(broker).admin();
  await admin.connect();
  const topic = topicName();
  await createTopics(admin, [{ topic, numPartitions }]);
  await admin.disconnect();
  return topic;
}

function frame<F extends Fields>(
  table: Message<F>,
  version: number,
  correlationId: number,
  value: Input<F>,
): Buffer {
  const writer = new Writer();
  writeRequestHeader(writer, table, version, correlationId, 'raw');
  writeMessage(table, version, value, writer);
  const body = writer.toBuffer();
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** A raw connection that collects the correlation ids of answers. */
function rawClient(t: TestContext, port: number) {
  const socket: Socket = connect({ host: '127.0.0.1', port });
  t.after(() => socket.destroy());
  const answers: { correlationId: number; body: Buffer }[] = [];
  let held: Buffer = Buffer.alloc(0);
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      answers.push({ correlationId: held.readInt32BE(4), body: held.subarray(8, end) });
      held = held.subarray(end);
    }
    wake();
  });
  return {
    socket,
    answers,
    async waitFor(count: number) {
      while (answers.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return answers;
    },
  };
}

test('what kafkajs produces through the door, a group consumes through it', async (t) => {
  const door = await startKafkaDoor(t);
  const topic = await createTopic(door.bootstrap, 3);
  const client = kafka(door.bootstrap);
  const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const messages = Array.from({ length: 500 }, (_, index) => ({
    key: `key-${index % 17}`,
    value: `value-${index}`,
  }));
  await producer.send({ topic, acks: -1, messages });
  await producer.disconnect();
  const consumer = client.consumer({ groupId: `group-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const read: string[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          read.push(String(message.value));
          if (read.length === messages.length) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  assert.deepEqual(read.toSorted(), messages.map(({ value }) => value).toSorted());
});

test('clients are told the addresses of the door, never those of the cluster', async (t) => {
  const door = await startKafkaDoor(t);
  const admin = kafka(door.bootstrap).admin();
  await admin.connect();
  const { brokers } = await admin.describeCluster();
  await admin.disconnect();
  assert.deepEqual(
    brokers.map(({ host, port }) => `${host}:${port}`),
    [door.bootstrap],
  );
});

test('a produce request with acks=0 has no answer; the order of the others holds', async (t) => {
  const door = await startKafkaDoor(t);
  const topic = await createTopic(door.bootstrap);
  const raw = rawClient(t, door.port);
  const records = encodeBatch([{ key: null, value: Buffer.from('x') }], Date.now());
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
  for (let index = 0; index < 100; index++) {
    const acks = index % 3 === 0 ? 0 : 1;
    raw.socket.write(frame(produceRequest, 9, index, { acks, timeoutMs: 1_000, topicData }));
  }
  raw.socket.write(frame(metadataRequest, 9, 1_000, { topics: [] }));
  const expected = Array.from({ length: 100 }, (_, index) => index).filter((n) => n % 3 !== 0);
  const answers = await raw.waitFor(expected.length + 1);
  assert.deepEqual(
    answers.map(({ correlationId }) => correlationId),
    [...expected, 1_000],
  );
});

test('a thousand requests in one write, cut anywhere, are answered in order', async (t) => {
  const door = await startKafkaDoor(t);
  const raw = rawClient(t, door.port);
  const requests = Array.from({ length: 1_000 }, (_, index) =>
    index % 2 === 0
      ? frame(metadataRequest, 12, index, { topics: [] })
      : frame(apiVersionsRequest, 3, index, { clientSoftwareName: 'a' }),
  );
  const all = Buffer.concat(requests);
  for (let at = 0; at < all.length; at += 777) raw.socket.write(all.subarray(at, at + 777));
  const answers = await raw.waitFor(1_000);
  assert.deepEqual(
    answers.map(({ correlationId }) => correlationId),
    requests.map((_, index) => index),
  );
});

test('ApiVersions in a version of the future is answered with error 35 in version 0', async (t) => {
  const door = await startKafkaDoor(t);
  const raw = rawClient(t, door.port);
  const request = frame(apiVersionsRequest, 4, 7, {});
  request.writeInt16BE(99, 6);
  raw.socket.write(request);
  const [answer] = await raw.waitFor(1);
  assert.equal(answer!.body.readInt16BE(0), 35);
});

for (const [what, bytes, reason] of [
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'http-on-kafka-port'],
  ['a TLS hello', Buffer.from('16030100c8010000c4', 'hex'), 'tls-on-kafka-port'],
  ['an oversized frame', Buffer.from('7fffffff0003000900000001ffff', 'hex'), 'frame-size'],
  ['an unknown key', Buffer.from('0000000a7000000000000001ffff', 'hex'), 'unknown-api-key'],
  ['an unknown version', Buffer.from('0000000a0003006300000001ffff', 'hex'), 'unknown-api-version'],
] as const) {
  test(`${what} ends its connection, is counted, and others do not notice`, async (t) => {
    const door = await startKafkaDoor(t);
    const good = rawClient(t, door.port);
    good.socket.write(frame(metadataRequest, 9, 1, { topics: [] }));
    await good.waitFor(1);
    const bad = rawClient(t, door.port);
    bad.socket.write(bytes);
    await once(bad.socket, 'close');
    good.socket.write(frame(metadataRequest, 9, 2, { topics: [] }));
    await good.waitFor(2);
    const text = await door.metrics.registry.metrics();
    assert.ok(text.includes(`kineska_refused_total{door="kafka",reason="${reason}"} 1`), text);
  });
}

test('a hooked request takes memory for what has come, not for what it claims', async (t) => {
  const door = await startKafkaDoor(t);
  const before = process.memoryUsage().external;
  for (let index = 0; index < 50; index++) {
    const raw = rawClient(t, door.port);
    // CreatePartitions, whose requests the door inspects, of 90 MB; no more of it comes.
    raw.socket.write(Buffer.from('055d4a80002500030000000100036162630000', 'hex'));
  }
  const good = rawClient(t, door.port);
  good.socket.write(frame(metadataRequest, 9, 1, { topics: [] }));
  await good.waitFor(1);
  assert.ok(process.memoryUsage().external - before < 50 * 1024 * 1024);
});
