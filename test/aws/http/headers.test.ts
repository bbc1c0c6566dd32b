/** What the router is given of a request, by each of the ways that a request can come. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { HttpRequest, HttpResponse } from '../../../src/aws/protocol/http-message.ts';
import type { Router } from '../../../src/aws/protocol/router.ts';
import { serveRouter } from '../kinesis/door.ts';

/** Answers nothing, and keeps what it was asked. */
function keeping(seen: HttpRequest[]): Router {
  const response: HttpResponse = {
    status: 200,
    headers: {},
    body: '',
    bodyIsCopied: true,
    traffic: { service: 'test', operation: 'Test', bytesIn: 0, records: 0 },
  };
  return {
    isStreamed: () => false,
    async answer(request) {
      seen.push(request);
      await request.body(100);
      return { ...response, headers: {} };
    },
  };
}

const lines = [
  'Host: example:4567',
  'X-Amz-Date:20261123T000000Z',
  'X-Amz-Meta:  twice  spaced ',
  'x-amz-meta: again',
  'Authorization: AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/kinesis/aws4_request',
];
const asSent = [
  ...['Host', 'example:4567', 'X-Amz-Date', '20261123T000000Z'],
  ...['X-Amz-Meta', 'twice  spaced', 'x-amz-meta', 'again', 'Authorization'],
  'AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/kinesis/aws4_request',
];

function headOf(more: readonly string[]): string {
  return `POST / HTTP/1.1\r\n${[...lines, ...more].join('\r\n')}\r\n\r\n`;
}

const short = `${headOf(['Content-Length: 2'])}{}`;
const chunked = `${headOf(['Transfer-Encoding: chunked'])}2\r\n{}\r\n0\r\n\r\n`;

async function send(socket: Socket, text: string): Promise<void> {
  socket.write(text);
  await once(socket, 'data');
  socket.destroy();
}

async function sendHttp2(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({ ':method': 'POST', 'x-amz-date': '20261123T000000Z' });
  stream.end('{}');
  stream.resume();
  await once(stream, 'end');
  session.destroy();
}

test('every header is there as it was sent, in its order, however often', async (t) => {
  const seen: HttpRequest[] = [];
  const { port } = await serveRouter(t, keeping(seen));
  await send(connect(port, '127.0.0.1'), short);
  await send(connect(port, '127.0.0.1'), chunked);
  const sent = seen.map(({ rawHeaders }) => rawHeaders);
  assert.deepEqual(sent, [
    [...asSent, 'Content-Length', '2'],
    [...asSent, 'Transfer-Encoding', 'chunked'],
  ]);
  await sendHttp2(connectHttp2(`http://127.0.0.1:${port}`));
  const [authority, value] = seen[2]!.rawHeaders.slice(seen[2]!.rawHeaders.indexOf(':authority'));
  assert.deepEqual([authority, value], [':authority', `127.0.0.1:${port}`]);
});

test('the session has the peer, the port, and whether the connection is in TLS', async (t) => {
  const seen: HttpRequest[] = [];
  const { port } = await serveRouter(t, keeping(seen));
  const tls = { port, host: '127.0.0.1', rejectUnauthorized: false };
  await send(connect(port, '127.0.0.1'), short);
  await send(connect(port, '127.0.0.1'), chunked);
  await sendHttp2(connectHttp2(`http://127.0.0.1:${port}`));
  await send(connectTls(tls), short);
  await send(connectTls(tls), chunked);
  await sendHttp2(connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }));
  assert.deepEqual(
    seen.map(({ session }) => session),
    [false, false, false, true, true, true].map((isEncrypted) => ({
      principal: { kind: 'anonymous' },
      peer: '127.0.0.1',
      listener: { door: 'aws', port, isEncrypted },
    })),
  );
});
