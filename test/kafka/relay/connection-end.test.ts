/**
 * What a client has sent whole before its connection ends is delivered, as Kafka delivers it:
 * whichever way it ends, and whatever the requests wait for at the time.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { metadataRequest } from '../../../src/wire/messages/03-metadata.ts';
import { apiVersionsRequest } from '../../../src/wire/messages/18-api-versions.ts';
import { createStream, kafkaClient, newName } from '../../support/doors.ts';
import { createTopics } from '../../support/create-topics.ts';
import { sharedEngines } from '../../support/engines.ts';
import { requestFrame } from '../../support/frames.ts';
import { startGateway } from '../../support/gateway.ts';
import { startKafkaDoor } from '../../support/kafka-door.ts';
import { produceFrame, rawClient } from '../../support/raw-client.ts';
import { untilTrue } from '../../support/until.ts';

const { kafkaBootstrap } = await sharedEngines();
const directPort = Number(kafkaBootstrap.split(':')[1]);
const connections = 50;

async function createTopic(): Promise<string> {
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  const topic = newName();
  await createTopics(admin, [{ topic, numPartitions: 1 }]);
  await admin.disconnect();
  return topic;
}

async function recordsIn(topic: string): Promise<number> {
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  const [offsets] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return Number(offsets!.high);
}

async function assertRecords(topic: string, count: number): Promise<void> {
  let found = 0;
  await untilTrue(`${count} records`, async () => {
    found = await recordsIn(topic);
    return found >= count;
  }).catch((error: unknown) => {
    throw new Error(`${found} of ${count} records were written`, { cause: error });
  });
  assert.equal(found, count);
}

/** How a client ends its connection: with FIN behind what it sent, or with RST. */
const ends = {
  closes: (socket: Socket, bytes: Buffer) => void socket.end(bytes),
  resets: (socket: Socket, bytes: Buffer) =>
    void socket.write(bytes, () => socket.resetAndDestroy()),
} as const;

async function sendAndEnd(port: number, bytes: Buffer, end: keyof typeof ends): Promise<void> {
  const socket = connectTcp({ host: '127.0.0.1', port });
  ends[end](socket, bytes);
  socket.resume();
  await once(socket, 'close');
}

const places = {
  'the cluster, as the reference': async (_t: TestContext) => directPort,
  'the door': async (t: TestContext) => (await startKafkaDoor(t)).port,
} as const;

for (const [place, portOf] of Object.entries(places)) {
  for (const end of Object.keys(ends) as (keyof typeof ends)[]) {
    test(`Produce with acks=0 by a client that ${end}: ${place}`, async (t) => {
      const port = await portOf(t);
      const topic = await createTopic();
      for (let n = 0; n < connections; n++) await sendAndEnd(port, produceFrame(topic), end);
      await assertRecords(topic, connections);
    });
  }

  test(`a client that closes its half gets every answer: ${place}`, async (t) => {
    const port = await portOf(t);
    const topic = await createTopic();
    const raw = rawClient(t, port, connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true }));
    raw.socket.end(
      Buffer.concat([
        requestFrame(apiVersionsRequest, 3, { clientSoftwareName: 'a' }, 'raw', 1),
        produceFrame(topic, { acks: 1, correlationId: 2 }),
        produceFrame(topic, { acks: 0 }),
        produceFrame(topic, { acks: -1, correlationId: 3 }),
        requestFrame(metadataRequest, 9, { topics: [] }, 'raw', 4),
      ]),
    );
    await raw.ended();
    assert.deepEqual(
      raw.answers.map(({ correlationId }) => correlationId),
      [1, 2, 3, 4],
    );
    assert.equal(await recordsIn(topic), 3);
  });
}

test("over a shard's rate, what was sent before the client closed is written", async (t) => {
  const gateway = await startGateway(t);
  const stream = await createStream(gateway.kinesis, 1);
  const bytes = 900_000;
  const frames = Array.from({ length: 5 }, () => produceFrame(stream, { bytes }));
  const port = Number(gateway.kafka.split(':')[1]);
  await sendAndEnd(port, Buffer.concat(frames), 'closes');
  await assertRecords(stream, frames.length);
});
