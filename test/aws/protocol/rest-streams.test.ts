/** Bodies and answers that are streams, over every kind of HTTP that the port speaks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { AwsError } from '../../../src/aws/protocol/errors.ts';
import { header, label, payload } from '../../../src/aws/protocol/http-bindings.ts';
import { long, stream, string, structure } from '../../../src/aws/protocol/shape.ts';
import type { Serving } from '../kinesis/door.ts';
import { untilTrue } from '../../support/until.ts';
import { ask, restAction, serveRest } from './rest-service.ts';

const MiB = 1024 * 1024;

/** A request in progress: data written to it is its body. */
type Open = { readonly request: Duplex | NodeJS.WritableStream; readonly answer: Promise<Answer> };
type Answer = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Readable;
};

function overHttp1(port: number, path: string, isTls = false): Open {
  const options = { port, host: '127.0.0.1', method: 'POST', path, agent: false } as const;
  const request = isTls
    ? httpsRequest({ ...options, rejectUnauthorized: false })
    : httpRequest(options);
  request.flushHeaders();
  const answer = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject);
    request.once('response', (body) => {
      const one = (name: string) => body.headers[name]?.toString();
      resolve({ status: body.statusCode!, header: one, body });
    });
  });
  return { request, answer };
}

function overHttp2(session: ClientHttp2Session, path: string): Open {
  const request = session.request({ ':method': 'POST', ':path': path });
  const answer = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject);
    request.once('response', (headers) => {
      const one = (name: string) => headers[name]?.toString();
      resolve({ status: Number(headers[':status']), header: one, body: request });
    });
  });
  return { request, answer };
}

const ways: Readonly<Record<string, (t: TestContext, port: number, path: string) => Open>> = {
  'HTTP/1.1': (_t, port, path) => overHttp1(port, path),
  'HTTP/1.1 in TLS': (_t, port, path) => overHttp1(port, path, true),
  'HTTP/2': (t, port, path) => overHttp2(connected(t, `http://127.0.0.1:${port}`), path),
  'HTTP/2 in TLS': (t, port, path) => overHttp2(connected(t, `https://127.0.0.1:${port}`), path),
};

function connected(t: TestContext, authority: string): ClientHttp2Session {
  const made = connectHttp2(authority, { rejectUnauthorized: false });
  t.after(() => made.destroy());
  return made;
}

const named = { Name: label(string()) };
const received = structure({ Length: long(), AheadMax: long() });

/** Counts a body, and looks how much of it waits in memory. */
const counting = (bodyBytesMax: number) =>
  restAction({
    http: { method: 'POST', uri: '/count/{Name}' },
    input: structure({ ...named, Body: payload(stream()) }),
    output: received,
    bodyBytesMax,
    async handle({ Body }) {
      let Length = 0;
      let AheadMax = 0;
      for await (const chunk of Body!) {
        Length += (chunk as Buffer).length;
        AheadMax = Math.max(AheadMax, Body!.readableLength);
        // A reader that is slower than its client.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return { Length, AheadMax };
    },
  });

/** Answers every piece of the body with its length, before the next one is there. */
const acknowledging = restAction({
  http: { method: 'POST', uri: '/acks/{Name}' },
  input: structure({ ...named, Body: payload(stream()) }),
  output: structure({ Kind: header('X-Kind', string()), Acks: payload(stream(), 'text/plain') }),
  bodyBytesMax: Infinity,
  handle: async ({ Body, Name }) => ({ Kind: Name, Acks: Readable.from(acks(Body!)) }),
});

async function* acks(body: Readable): AsyncGenerator<string> {
  for await (const chunk of body) yield `${(chunk as Buffer).length}\n`;
  yield 'end\n';
}

function serveStreams(t: TestContext, serving?: Serving) {
  return serveRest(t, [counting(64 * MiB), acknowledging], serving);
}

/** Without the rest of its body, for which the server would wait when it stops. */
function leave(request: Open['request']): void {
  if (request instanceof Duplex) request.destroy();
}

async function textOf(body: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += String(chunk);
  return text;
}

for (const [way, open] of Object.entries(ways)) {
  test(`${way}: a large body is read at its reader's pace`, async (t) => {
    const { port, reports } = await serveStreams(t);
    const { request, answer } = open(t, port, '/count/a');
    const piece = Buffer.alloc(MiB);
    for (let n = 0; n < 40; n += 1) if (!request.write(piece)) await once(request, 'drain');
    request.end();
    const { status, body } = await answer;
    const counted = JSON.parse(await textOf(body)) as { Length: number; AheadMax: number };
    assert.deepEqual([status, counted.Length], [200, 40 * MiB]);
    // What is read ahead, and the piece that came last.
    assert.ok(counted.AheadMax <= 128 * 1024, `${counted.AheadMax} bytes were waiting`);
    assert.equal(reports[0]?.bytesIn, 40 * MiB);
  });

  test(`${way}: a response starts and continues while the body still arrives`, async (t) => {
    const { port, reports } = await serveStreams(t);
    const { request, answer } = open(t, port, '/acks/live');
    const { status, header: one, body } = await answer;
    assert.deepEqual([status, one('x-kind'), one('content-type')], [200, 'live', 'text/plain']);
    const lines = body.setEncoding('utf8')[Symbol.asyncIterator]();
    for (const length of [1, 20, 300]) {
      request.write(Buffer.alloc(length));
      assert.deepEqual(await lines.next(), { done: false, value: `${length}\n` });
    }
    request.end();
    assert.deepEqual(await lines.next(), { done: false, value: 'end\n' });
    assert.equal((await lines.next()).done, true);
    await untilTrue('the report of the request', async () => reports.length > 0);
    assert.deepEqual([reports[0]?.bytesIn, reports[0]?.bytesOut], [321, 13]);
  });

  test(`${way}: a body beyond what the action takes is refused with 413`, async (t) => {
    const { port } = await serveRest(t, [counting(MiB)]);
    const { request, answer } = open(t, port, '/count/a');
    request.on('error', () => {});
    const piece = Buffer.alloc(256 * 1024);
    for (let n = 0; n < 5; n += 1) request.write(piece);
    const { status, header: one } = await answer;
    const expected = [413, 'RequestEntityTooLargeException'];
    assert.deepEqual([status, one('x-amzn-errortype')], expected);
    leave(request);
  });

  test(`${way}: a body of which no more comes is given up, with 408`, async (t) => {
    const { port, connections } = await serveStreams(t, { limits: { bodyTimeoutMs: 200 } });
    const { request, answer } = open(t, port, '/count/a');
    request.on('error', () => {});
    request.write('begun');
    const { status, header: one, body } = await answer;
    assert.deepEqual([status, one('x-amzn-errortype')], [408, 'RequestTimeoutException']);
    await textOf(body);
    leave(request);
    if (way.startsWith('HTTP/1')) {
      await untilTrue('the connection is closed', async () => connections.open === 0);
    }
  });

  test(`${way}: a client that goes away ends the body of its request`, async (t) => {
    const failed: unknown[] = [];
    const waiting = restAction({
      http: { method: 'POST', uri: '/wait' },
      input: structure({ Body: payload(stream()) }),
      bodyBytesMax: Infinity,
      handle: ({ Body }) =>
        textOf(Body!).then(
          () => undefined,
          (error) => {
            failed.push(error);
            throw error;
          },
        ),
    });
    const { port } = await serveRest(t, [waiting]);
    const { request, answer } = open(t, port, '/wait');
    request.on('error', () => {});
    answer.catch(() => {});
    await new Promise((resolve) => request.write('begun', resolve));
    await untilTrue('the request has come', async () => {
      (request as Duplex).destroy();
      return failed.length > 0;
    });
    assert.ok(failed[0] instanceof AwsError);
    assert.equal(failed[0].exception, 'RequestTimeoutException');
  });
}

test('a body that makes progress may take longer than the limit of time', async (t) => {
  const bodyTimeoutMs = 2_000;
  const { port } = await serveStreams(t, { limits: { bodyTimeoutMs } });
  const endMs = performance.now() + 2.5 * bodyTimeoutMs;
  await Promise.all(
    Object.values(ways).map(async (open) => {
      const { request, answer } = open(t, port, '/acks/slow');
      const lines = (await answer).body.setEncoding('utf8')[Symbol.asyncIterator]();
      for (let dueMs = 0; dueMs < endMs; dueMs = performance.now() + bodyTimeoutMs / 20) {
        const due = dueMs;
        await untilTrue('the next piece is due', () => performance.now() >= due);
        request.write('x');
        assert.deepEqual(await lines.next(), { done: false, value: '1\n' });
      }
      request.end();
      assert.deepEqual(await lines.next(), { done: false, value: 'end\n' });
    }),
  );
});

test('an answer without end is made as it is read, and ends with its client', async (t) => {
  let made = 0;
  let ended = false;
  const endless = restAction({
    http: { method: 'GET', uri: '/endless' },
    input: structure({}),
    output: structure({ Bytes: payload(stream(), 'video/webm') }),
    handle: async () => ({ Bytes: Readable.from(pieces()) }),
  });
  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      for (; made < 4096; made += 1) yield Buffer.alloc(MiB);
    } finally {
      ended = true;
    }
  }
  const { port } = await serveRest(t, [endless]);
  const socket = connectTcp(port, '127.0.0.1');
  socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
  const [first] = (await once(socket, 'data')) as [Buffer];
  assert.match(first.toString('latin1'), /^HTTP\/1\.1 200 OK\r\n[^]*transfer-encoding: chunked/i);
  socket.pause();
  await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  await untilTrue('the answer has ended', async () => ended);
  // The rest fitted into buffers of the system.
  assert.ok(made < 64, `${made} MiB were made`);
});

test('an answer that fails on its way cuts the connection', async (t) => {
  const failing = restAction({
    http: { method: 'GET', uri: '/fails' },
    input: structure({}),
    output: structure({ Bytes: payload(stream()) }),
    handle: async () => ({
      Bytes: Readable.from(
        (async function* broken() {
          yield 'begun';
          throw new Error('broken');
        })(),
      ),
    }),
  });
  const { port } = await serveRest(t, [failing]);
  await assert.rejects(ask(port, { method: 'GET', path: '/fails' }), { code: 'ECONNRESET' });
});

test('a body that is not read any further does not hold up a connection of HTTP/2', async (t) => {
  const refusing = restAction({
    http: { method: 'POST', uri: '/refuse' },
    input: structure({ Body: payload(stream()) }),
    output: structure({}),
    bodyBytesMax: Infinity,
    async handle({ Body }) {
      await once(Body!, 'readable');
      Body!.read(1);
      throw new AwsError('InvalidArgumentException', 400, 'No.');
    },
  });
  const { port } = await serveRest(t, [refusing]);
  const client = connected(t, `http://127.0.0.1:${port}`);
  for (let n = 0; n < 20; n += 1) {
    const { request, answer } = overHttp2(client, '/refuse');
    request.end(Buffer.alloc(MiB));
    const { status, body } = await answer;
    assert.equal(status, 400);
    body.resume();
    await once(request, 'close');
  }
});

test('one at the root is left by the short way, whose requests are whole', async (t) => {
  const atRoot = restAction({
    http: { method: 'POST', uri: '/' },
    input: structure({ Body: payload(stream()) }),
    output: structure({ Acks: payload(stream()) }),
    bodyBytesMax: Infinity,
    handle: async ({ Body }) => ({ Acks: Readable.from(acks(Body!)) }),
  });
  const { port } = await serveRest(t, [atRoot]);
  const { status, body } = await ask(port, { path: '/', body: 'abc' });
  assert.deepEqual([status, body], [200, '3\nend\n']);
});
