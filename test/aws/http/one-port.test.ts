import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { call, startDoor } from '../kinesis/door.ts';

const headers = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'Kinesis_20131202.DescribeLimits',
};
const body = JSON.stringify({ Text: 'through' });

async function overHttp2(session: ClientHttp2Session, payload = body): Promise<string> {
  const stream = session.request({ ':method': 'POST', ':path': '/', ...headers });
  stream.end(payload);
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk;
  return text;
}

function rawHttp1(payload: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `Content-Length: ${payload.length}\r\nConnection: close\r\n`;
  return `POST / HTTP/1.1\r\nHost: x\r\n${lines.join('')}${length}\r\n${payload}`;
}

async function readAll(socket: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk.toString('latin1');
  return text;
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 5000;
  while (!condition()) {
    assert.ok(Date.now() < deadlineMs, 'the condition did not come true in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('HTTP/1.1 in cleartext is served', async (t) => {
  const { port } = await startDoor(t);
  assert.deepEqual((await call(port, 'DescribeLimits', body)).body, { Text: 'through' });
});

test('HTTP/2 in cleartext by prior knowledge is served on the same port', async (t) => {
  const { port } = await startDoor(t);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  assert.equal(await overHttp2(session), body);
  const large = JSON.stringify({ Bytes: Buffer.alloc(99_999, 'a').toString('base64') });
  const answers = await Promise.all(Array.from({ length: 20 }, () => overHttp2(session, large)));
  assert.ok(answers.every((answer) => answer === large));
  session.close();
});

test('TLS with ALPN h2, and with ALPN http/1.1, is served on the same port', async (t) => {
  const { port } = await startDoor(t);
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  assert.equal(await overHttp2(session), body);
  assert.equal(session.alpnProtocol, 'h2');
  session.close();
  const answer = await new Promise<string>((resolve, reject) => {
    const agreed = { rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
    const options = { port, method: 'POST', headers, ...agreed };
    const request = requestHttps(options, (response) => {
      readAll(response).then(resolve, reject);
    });
    request.on('error', reject);
    request.end(body);
  });
  assert.equal(answer, body);
});

test('TLS without ALPN whose first bytes are the preface of HTTP/2 is HTTP/2', async (t) => {
  const { port } = await startDoor(t);
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  assert.equal(socket.alpnProtocol, false);
  const session = connectHttp2('http://localhost', { createConnection: () => socket });
  assert.equal(await overHttp2(session), body);
  session.close();
});

test('TLS without ALPN that speaks HTTP/1.1 is HTTP/1.1', async (t) => {
  const { port } = await startDoor(t);
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.write(rawHttp1(body));
  const answer = await readAll(socket);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(answer.endsWith(body));
});

test('a request that arrives byte by byte is read whole', async (t) => {
  const { port } = await startDoor(t);
  const socket = connectTcp(port, '127.0.0.1');
  socket.setNoDelay(true);
  for (const character of rawHttp1(body)) {
    socket.write(character);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok((await readAll(socket)).endsWith(body));
});

test('several requests pipelined on one connection are answered in order', async (t) => {
  const { port } = await startDoor(t);
  const socket = connectTcp(port, '127.0.0.1');
  const one = rawHttp1('{"Text":"1"}').replace('Connection: close\r\n', '');
  socket.write(one + rawHttp1('{"Text":"2"}'));
  const answer = await readAll(socket);
  const bodies = [...answer.matchAll(/\{"Text":"(\d)"\}/g)].map((match) => match[1]);
  assert.deepEqual(bodies, ['1', '2']);
});

test('garbage, and requests with two lengths, are refused, and others never notice', async (t) => {
  const { port, refusals } = await startDoor(t);
  const smuggled =
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET';
  for (const bytes of ['\u0000\u0001\u0002garbage\r\n\r\n', smuggled]) {
    const socket = connectTcp(port, '127.0.0.1');
    socket.end(Buffer.from(bytes, 'latin1'));
    assert.match(await readAll(socket), /^(HTTP\/1\.1 400 |$)/);
  }
  assert.ok(refusals.includes('malformed-http'));
  const broken = connectTcp(port, '127.0.0.1');
  broken.on('error', () => {});
  broken.end(Buffer.from('16030100050102030405ffffffffffff', 'hex'));
  await readAll(broken).catch(() => {});
  assert.ok(refusals.includes('tls-handshake'));
  const badPreface = connectTcp(port, '127.0.0.1');
  badPreface.on('error', () => {});
  badPreface.end('PRI * HTTP/1.0\r\n\r\nnonsense');
  await readAll(badPreface).catch(() => {});
  assert.deepEqual((await call(port, 'DescribeLimits', body)).body, { Text: 'through' });
});

test('stop() ends idle connections of every protocol and takes no new ones', async (t) => {
  const { port, stop, connections } = await startDoor(t);
  const http2 = connectHttp2(`http://127.0.0.1:${port}`);
  await overHttp2(http2);
  const secure = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  await overHttp2(secure);
  await call(port, 'DescribeLimits', body);
  await stop();
  await until(() => connections.open === 0);
  await assert.rejects(call(port, 'DescribeLimits', body));
});

test('silent, half-greeted and half-requested connections are cut by their limits', async (t) => {
  const door = await startDoor(t, undefined, undefined, {
    greetingTimeoutMs: 100,
    headersTimeoutMs: 100,
    bodyTimeoutMs: 200,
  });
  const beginnings = ['', 'PR', '\u0016\u0003\u0001', 'POST / HTTP/1.1\r\nHost: x\r\n'];
  const slowBody = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{';
  await Promise.all(
    [...beginnings, slowBody].map(async (beginning) => {
      const socket = connectTcp(door.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(Buffer.from(beginning, 'latin1'));
      // It ends without our doing; the test's own deadline is the runner's.
      assert.match(await readAll(socket), /^(HTTP\/1\.1 4\d\d |$)/);
    }),
  );
  await until(() => door.connections.open === 0);
  assert.ok(door.refusals.includes('silent-connection'));
});
