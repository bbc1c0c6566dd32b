import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../../../adapters/kafka/connection.ts';
import { acksAll, raiseAcks } from '../../../src/kafka/produce/acks.ts';
import { scanProduce } from '../../../src/wire/scan/produce.ts';
import { readHead } from '../../../src/wire/scan/request-head.ts';
import { writeRequestHeader } from '../../../src/wire/header.ts';
import { writeMessage } from '../../../src/wire/message.ts';
import { produceRequest, produceResponse } from '../../../src/wire/messages/00-produce.ts';
import { metadataRequest, metadataResponse } from '../../../src/wire/messages/03-metadata.ts';
import { errorCodes } from '../../../src/wire/errors.ts';
import { Writer } from '../../../src/wire/primitives.ts';
import { encodeBatch } from '../../../src/wire/record-batch.ts';
import { createTopics } from '../../support/create-topics.ts';
import { kafkaClient, newName } from '../../support/doors.ts';
import { connectTo } from '../../support/kafka-connection.ts';
import { startKafkaDoor, type TestDoor } from '../../support/kafka-door.ts';
import { versionsOf } from '../../support/wire-values.ts';

const produceApi = { request: produceRequest, response: produceResponse };
const metadataApi = { request: metadataRequest, response: metadataResponse };
const byLeader = 1;
const invalidRequiredAcks = errorCodes.INVALID_REQUIRED_ACKS;
const batch = (value: Buffer = Buffer.from('v')) => encodeBatch([{ key: null, value }], Date.now());

/** What Produce requests ask for as they reach the broker. */
function acksWatch() {
  const sent = new Map<unknown, Buffer>();
  const acks = () =>
    [...sent.values()].flatMap((bytes) => {
      const found: number[] = [];
      for (let at = 0; at < bytes.length; at += 4 + bytes.readInt32BE(at)) {
        const head = readHead(bytes, at)!;
        const frame = bytes.subarray(at, at + 4 + head.size);
        if (head.key === produceRequest.key) found.push(scanProduce([frame], head).acks);
      }
      return found;
    });
  const onSent = (connection: unknown, bytes: Buffer) =>
    void sent.set(connection, Buffer.concat([sent.get(connection) ?? Buffer.alloc(0), bytes]));
  return { acks, onSent, clear: () => sent.clear() };
}

async function createTopic(door: TestDoor): Promise<string> {
  const topic = newName();
  const admin = kafkaClient(door.bootstrap).admin();
  await admin.connect();
  await createTopics(admin, [{ topic, numPartitions: 2 }]);
  await admin.disconnect();
  return topic;
}

async function idsOf(connection: Connection, names: readonly string[]): Promise<string[]> {
  const asked = names.map((name) => ({ name }));
  const answer = await connection.request(metadataApi, { topics: asked });
  return names.map((name) => answer.topics.find((topic) => topic.name === name)!.topicId);
}

function produceTo(names: readonly string[], ids: readonly string[], acks: number, value?: Buffer) {
  const topicData = names.map((name, index) => ({
    name,
    topicId: ids[index]!,
    partitionData: [0, 1].map((partition) => ({ index: partition, records: batch(value) })),
  }));
  return { acks, timeoutMs: 1_000, topicData };
}

async function codesOf(
  connection: Connection,
  names: readonly string[],
  acks: number,
  versionMax?: number,
  value?: Buffer,
): Promise<number[]> {
  const ids = await idsOf(connection, names);
  const options = versionMax === undefined ? {} : { versionMax };
  const answer = await connection.request(produceApi, produceTo(names, ids, acks, value), options);
  return answer.responses.flatMap(({ partitionResponses }) =>
    partitionResponses.map(({ errorCode }) => errorCode),
  );
}

for (const version of versionsOf(produceRequest)) {
  test(`a stream's records are acknowledged by all, in version ${version}`, async (t) => {
    const { acks, onSent, clear } = acksWatch();
    const door = await startKafkaDoor(t, { onSent });
    const [stream, topic] = [await door.createStream(2), await createTopic(door)];
    const connection = await connectTo(t, door.bootstrap);
    const asked = async (names: readonly string[]) => {
      clear();
      const codes = await codesOf(connection, names, byLeader, version);
      assert.deepEqual(
        codes,
        codes.map(() => 0),
      );
      return acks();
    };
    assert.deepEqual(await asked([stream]), [acksAll]);
    assert.deepEqual(await asked([topic]), [byLeader]);
    assert.deepEqual(await asked([topic, stream]), [acksAll], 'a stream behind a topic counts');
  });
}

for (const acks of [2, -2, 0x7fff]) {
  test(`acks=${acks}, which Kafka does not know, is refused as Kafka does`, async (t) => {
    const door = await startKafkaDoor(t);
    const [stream, topic] = [await door.createStream(2), await createTopic(door)];
    const refused = [invalidRequiredAcks, invalidRequiredAcks];
    for (const bootstrap of [door.direct, door.bootstrap]) {
      const connection = await connectTo(t, bootstrap);
      for (const version of [3, 9, 13]) {
        assert.deepEqual(await codesOf(connection, [stream], acks, version), refused);
        const both = await codesOf(connection, [topic, stream], acks, version);
        assert.deepEqual(both, [...refused, ...refused]);
      }
      // One that passes while it comes.
      const large = Buffer.alloc(400_000);
      assert.deepEqual(await codesOf(connection, [stream], acks, 13, large), refused);
    }
  });
}

test('an error of acks=0, which has no answer, ends the connection', async (t) => {
  const door = await startKafkaDoor(t);
  const stream = await door.createStream(2);
  const connection = await connectTo(t, door.bootstrap);
  const ids = await idsOf(connection, [stream]);
  const partitionData = [{ index: 99, records: batch() }];
  const request = {
    acks: 0,
    timeoutMs: 1_000,
    topicData: [{ name: stream, topicId: ids[0]!, partitionData }],
  };
  await connection.request(produceApi, request, { noResponse: true });
  await assert.rejects(connection.request(metadataApi, { topics: [] }), /closed|lost/);
});

test('acks=0 to a stream that is in sync: later answers come in order', async (t) => {
  const door = await startKafkaDoor(t);
  const stream = await door.createStream(2);
  const admin = kafkaClient(door.bootstrap).admin();
  await admin.connect();
  const connection = await connectTo(t, door.bootstrap);
  const ids = await idsOf(connection, [stream]);
  const rounds = 200;
  const answers: Promise<unknown>[] = [];
  for (let round = 0; round < rounds; round++) {
    const request = produceTo([stream], ids, 0);
    void connection.request(produceApi, request, { noResponse: true });
    answers.push(connection.request(metadataApi, { topics: [] }));
  }
  await Promise.all(answers);
  const offsets = await admin.fetchTopicOffsets(stream);
  assert.deepEqual(
    offsets.map(({ high }) => high),
    [String(rounds), String(rounds)],
  );
  await admin.disconnect();
});

test('the setting keeps what the client asks', async (t) => {
  const { acks, onSent } = acksWatch();
  const door = await startKafkaDoor(t, { acks: 'client', onSent });
  const stream = await door.createStream(2);
  const connection = await connectTo(t, door.bootstrap);
  assert.deepEqual(await codesOf(connection, [stream], byLeader), [0, 0]);
  assert.deepEqual(acks(), [byLeader]);
});

test('names and acks are found wherever the frame is cut, and nothing else is changed', () => {
  const ids = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg'];
  for (const version of [3, 9, 13]) {
    const writer = new Writer();
    writeRequestHeader(writer, produceRequest, version, 7, 'the client');
    writeMessage(produceRequest, version, produceTo(['one', 'two'], ids, 1), writer);
    const size = Buffer.alloc(4);
    size.writeInt32BE(writer.size);
    const frame = Buffer.concat([size, ...writer.finish()]);
    const head = readHead(frame, 0)!;
    for (let cut = 1; cut < frame.length; cut++) {
      const copy = Buffer.from(frame);
      const pieces = [copy.subarray(0, cut), copy.subarray(cut)];
      const { acksAt, ...found } = scanProduce(pieces, head);
      const labels = found.topics.map(({ name, id, partitions }) => ({ name, id, partitions }));
      const asked = [0, 1].map((nth) => ({
        name: version >= 13 ? undefined : ['one', 'two'][nth],
        id: version >= 13 ? ids[nth] : undefined,
        partitions: [0, 1],
      }));
      assert.deepEqual(
        { ...found, topics: labels },
        { transactionalId: null, acks: 1, topics: asked },
      );
      raiseAcks(pieces, acksAt);
      assert.equal(scanProduce([copy], head).acks, -1);
      copy.writeInt16BE(1, acksAt);
      assert.ok(copy.equals(frame));
    }
    assert.throws(() => scanProduce([frame.subarray(0, -3)], head), /ends early/);
  }
});
