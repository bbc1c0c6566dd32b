/**
 * A request that a client has sent whole is carried out although the client closes its connection
 * at once: AWS has it by then, too. Which record arrived is seen in the log.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createStream, kafkaClient } from '../../support/doors.ts';
import { sharedEngines } from '../../support/engines.ts';
import { startGateway } from '../../support/gateway.ts';
import { untilTrue } from '../../support/until.ts';

const { kafkaBootstrap } = await sharedEngines();
const clients = 30;
const host = '127.0.0.1';

const headers = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'Kinesis_20131202.PutRecord',
  authorization:
    'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/kinesis/aws4_request, ' +
    'SignedHeaders=host, Signature=00',
};

function bodyOf(StreamName: string, dataBytes: number): string {
  const Data = Buffer.alloc(dataBytes).toString('base64');
  return JSON.stringify({ StreamName, PartitionKey: 'k', Data });
}

function requestOf(stream: string, dataBytes: number): string {
  const body = bodyOf(stream, dataBytes);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = ['POST / HTTP/1.1', `host: ${host}`, ...lines, `content-length: ${body.length}`];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

const quiet = (socket: Socket): Socket => socket.on('error', () => undefined);

const ways = {
  'closes its half': (port: number, request: string) => {
    quiet(connectTcp({ host, port })).end(request);
  },
  /** Of a larger request a part would still be the client's, and go with the connection. */
  resets: (port: number, request: string) => {
    const socket = quiet(connectTcp({ host, port }));
    socket.write(request, () => socket.resetAndDestroy());
  },
  'closes, by TLS': (port: number, request: string) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false });
    quiet(socket).end(request);
  },
} as const;

async function assertRecords(topic: string, count: number): Promise<void> {
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  let found = 0;
  await untilTrue(`${count} records`, async () => {
    const [offsets] = await admin.fetchTopicOffsets(topic);
    found = Number(offsets!.high);
    return found >= count;
  }).catch((cause: unknown) => {
    throw new Error(`${found} of ${count} records were written`, { cause });
  });
  await admin.disconnect();
  assert.equal(found, count);
}

test('PutRecord by a client that ends its connection at once', async (t) => {
  const gateway = await startGateway(t);
  const port = Number(new URL(gateway.kinesis).port);
  for (const [way, send] of Object.entries(ways)) {
    for (const bytes of way === 'resets' ? [10] : [10, 200_000]) {
      await t.test(`${way}, ${bytes} bytes`, async () => {
        const stream = await createStream(gateway.kinesis, 1);
        for (let n = 0; n < clients; n++) send(port, requestOf(stream, bytes));
        await assertRecords(stream, clients);
      });
    }
  }

  await t.test('three requests in one write', async () => {
    const stream = await createStream(gateway.kinesis, 1);
    ways['closes its half'](port, requestOf(stream, 10).repeat(3));
    await assertRecords(stream, 3);
  });

  await t.test('by HTTP/2', async () => {
    const stream = await createStream(gateway.kinesis, 1);
    for (let n = 0; n < clients; n++) {
      const session = connectHttp2(gateway.kinesis);
      await once(session, 'connect');
      const request = session.request({ ':method': 'POST', ...headers }).end(bodyOf(stream, 10));
      await once(request, 'finish');
      // Everything sent before the ping has arrived when it is answered.
      session.ping(() => session.destroy());
    }
    await assertRecords(stream, clients);
  });
});
