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
import { EndingConnections } from '../../../src/kafka/relay/connection-end.ts';
import { createStream, kafkaClient, newName } from '../../support/doors.ts';
import { createTopics } from '../../support/create-topics.ts';
import { sharedEngines } from '../../support/engines.ts';
import { requestFrame } from '../../support/frames.ts';
import { startGateway } from '../../support/gateway.ts';
import { startKafkaDoor } from '../../support/kafka-door.ts';
import { produceFrame, rawClient } from '../../support/raw-client.ts';
import { untilTrue } from '../../support/until.ts';
import { wayTo } from '../../support/way.ts';

const { kafkaBootstrap } = await sharedEngines();
const directPort = Number(kafkaBootstrap.split(':')[1]);
const connections = 50;
const limited = { KINESKA_LIMITS: 'aws' };

async function createTopic(): Promise<string> {
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  const topic = newName();
  await createTopics(admin, [{ topic, numPartitions: 1 }]);
  await admin.disconnect();
  return topic;
}

const twice = (frame: Buffer) => Buffer.concat([frame, frame]);

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

test('connections that end have room for so many, and for so many bytes', () => {
  const all = new EndingConnections({ connectionsMax: 2, bytesMax: 100 });
  assert.ok(all.add(60));
  assert.ok(!all.add(41), 'bytes of all together');
  assert.ok(all.add(40));
  assert.ok(!all.add(0), 'one connection too many');
  all.remove(60);
  assert.ok(all.add(60));
});

test('what has no room among the connections that end is counted as undelivered', async (t) => {
  const door = await startKafkaDoor(t, { ending: { connectionsMax: 0, bytesMax: 0 } });
  const topic = await createTopic();
  const undelivered = async () => {
    const found = await door.metrics.registry.getSingleMetricAsString('kineska_refused_total');
    return Number(/reason="undelivered"[^}]*} (\d+)/.exec(found)?.[1] ?? 0);
  };
  // The door is to reach its broker first: what is sent right away waits for that.
  for (let n = 0; n < connections; n++) await sendAndEnd(door.port, produceFrame(topic), 'resets');
  await untilTrue('each request was delivered or counted', async () => {
    return (await recordsIn(topic)) + (await undelivered()) === connections;
  });
  assert.notEqual(await undelivered(), 0);
});

test('a client that closes while its stream is still looked up', async (t) => {
  const { dynamodbEndpoint } = await sharedEngines();
  const way = await wayTo(t, dynamodbEndpoint);
  const table = `catalog-${newName()}`;
  const stream = await (await startKafkaDoor(t, { directory: { table } })).createStream();
  const door = await startKafkaDoor(t, { directory: { table, dynamodb: way.endpoint } });
  way.hold();
  await sendAndEnd(door.port, twice(produceFrame(stream)), 'resets');
  await untilTrue('the look-up', () => way.heldBytes() > 0);
  way.release();
  await assertRecords(stream, 2);
});

test('a client that closes while the way to the broker is held up', async (t) => {
  const way = await wayTo(t, `http://${kafkaBootstrap}`);
  const door = await startKafkaDoor(t, { brokerPort: way.port });
  const topic = await createTopic();
  const frames = twice(produceFrame(topic, { bytes: 900_000 }));
  way.hold();
  await sendAndEnd(door.port, frames, 'closes');
  await untilTrue('both requests on their way', () => way.heldBytes() >= frames.length);
  way.release();
  await assertRecords(topic, 2);
});

for (const KINESKA_WORKERS of ['1', '2']) {
  test(`a gateway that stops delivers what it has: ${KINESKA_WORKERS} processes`, async (t) => {
    const gateway = await startGateway(t, { settings: { ...limited, KINESKA_WORKERS } });
    const port = Number(gateway.kafka.split(':')[1]);
    const stream = await createStream(gateway.kinesis, 1);
    // The first two are more than the shard takes in a second: those behind them have to wait.
    const sizes = [900_000, 900_000, 100, 100];
    const frames = sizes.map((bytes) => produceFrame(stream, { bytes }));
    const socket = connectTcp({ host: '127.0.0.1', port });
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.end(Buffer.concat(frames));
    await untilTrue('the first records', async () => (await recordsIn(stream)) >= 2);
    assert.equal(await recordsIn(stream), 2, 'the others wait');
    gateway.child.kill('SIGTERM');
    const [code] = await once(gateway.child, 'exit');
    assert.equal(code, 0);
    await assertRecords(stream, sizes.length);
  });
}

test('a client that does not take its answers holds up no stop', async (t) => {
  const gateway = await startGateway(t);
  const socket = connectTcp({ host: '127.0.0.1', port: Number(gateway.kafka.split(':')[1]) });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  const frame = requestFrame(apiVersionsRequest, 3, { clientSoftwareName: 'a' }, 'raw', 1);
  socket.write(Buffer.concat(Array.from({ length: 9_000 }, () => frame)));
  await once(socket, 'readable');
  assert.equal(await gateway.stop(), 0);
});

test("over a shard's rate, what was sent before the client closed is written", async (t) => {
  const gateway = await startGateway(t, { settings: limited });
  const stream = await createStream(gateway.kinesis, 1);
  const bytes = 900_000;
  const frames = Array.from({ length: 5 }, () => produceFrame(stream, { bytes }));
  const port = Number(gateway.kafka.split(':')[1]);
  await sendAndEnd(port, Buffer.concat(frames), 'closes');
  await assertRecords(stream, frames.length);
});
