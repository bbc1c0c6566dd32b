import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { defineAction } from '../../../src/aws/kinesis/action.ts';
import { theAccount } from '../../../src/aws/kinesis/resources/touched.ts';
import { PreparedBody } from '../../../src/aws/protocol/action.ts';
import { string, structure } from '../../../src/aws/protocol/shape.ts';
import { startDoor, testActions } from '../kinesis/door.ts';

function requestOf(text: string, more = '', action = 'DescribeLimits'): string {
  const body = JSON.stringify({ Text: text });
  return (
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.1\r\n' +
    `X-Amz-Target: Kinesis_20131202.${action}\r\n${more}` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

const chunked =
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.1\r\n' +
  'X-Amz-Target: Kinesis_20131202.DescribeLimits\r\nTransfer-Encoding: chunked\r\n\r\n' +
  '8\r\n{"Text":\r\n4\r\n"c"}\r\n0\r\n\r\n';

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
  return text;
}

function textsOf(answers: string): string[] {
  return [...answers.matchAll(/\{"Text":"([^"]*)"\}/g)].map((match) => match[1] as string);
}

test('however requests are cut into packets, each is answered, in order', async (t) => {
  const { port } = await startDoor(t);
  const sent = requestOf('a') + requestOf('b') + chunked + requestOf('d', 'Connection: close\r\n');
  const cuts = fc.array(fc.integer({ min: 1, max: sent.length - 1 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const socket = await open(port);
      let from = 0;
      for (const to of [...places.toSorted((a, b) => a - b), sent.length]) {
        socket.write(sent.slice(from, to));
        from = to;
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.deepEqual(textsOf(await readAll(socket)), ['a', 'b', 'c', 'd']);
    }),
    { numRuns: 60 },
  );
});

test('what is not plainly an ordinary request is left to http, which refuses it', async (t) => {
  const { port } = await startDoor(t);
  const unusual = [
    'Content-Length: 12\r\n',
    'Content-Length : 12\r\n',
    ' folded: line\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Bad Name: x\r\n',
    'Content-Length: +12\r\n',
    'Nul: a\u0000b\r\n',
  ];
  for (const line of unusual) {
    const socket = await open(port);
    socket.end(Buffer.from(requestOf('first') + requestOf('smuggled', line), 'latin1'));
    const answers = await readAll(socket);
    assert.deepEqual(textsOf(answers), ['first'], JSON.stringify(line));
    assert.match(answers, /HTTP\/1\.1 400 /, JSON.stringify(line));
  }
});

test('answers have headers of HTTP/1.1, and close connections where it is asked for', async (t) => {
  const { port, reports } = await startDoor(t);
  const socket = await open(port);
  socket.write(requestOf('ä', 'Connection: close\r\n'));
  const answer = await readAll(socket);
  const body = Buffer.from('{"Text":"ä"}');
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
  assert.ok(answer.includes(`\r\ncontent-length: ${body.length}\r\n`));
  assert.ok(answer.includes('\r\nconnection: close\r\n'));
  assert.match(answer, /\r\nx-amzn-requestid: [0-9a-f-]{36}\r\n/);
  assert.ok(answer.endsWith(body.toString('latin1')));
  assert.equal(reports.at(-1)?.bytesOut, body.length);
});

test('a client that closes its half behind a request still gets the answer', async (t) => {
  const { port } = await startDoor(t);
  const socket = await open(port);
  socket.end(requestOf('half'));
  assert.deepEqual(textsOf(await readAll(socket)), ['half']);
});

test('stop() lets a request finish, and closes its connection', async (t) => {
  let entered: () => void = () => {};
  let leave: () => void = () => {};
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const waiting = defineAction({
    name: 'ListStreams',
    input: structure({ Text: string() }),
    output: structure({ Text: string() }),
    errors: [],
    touches: theAccount,
    handle: async ({ Text }) => {
      entered();
      await new Promise<void>((resolve) => (leave = resolve));
      return { Text };
    },
  });
  const { port, stop } = await startDoor(t, [...testActions, waiting]);
  const idle = await open(port);
  idle.write(requestOf('idle'));
  await once(idle, 'data');
  const socket = await open(port);
  socket.write(requestOf('late', '', 'ListStreams'));
  await inside;
  const stopped = stop();
  const ended = readAll(idle);
  leave();
  const answer = await readAll(socket);
  assert.deepEqual(textsOf(answer), ['late']);
  assert.match(answer, /\r\nconnection: close\r\n/);
  await Promise.all([stopped, ended]);
});

test('a client that goes away ends the wait of its request', async (t) => {
  let seen: () => void = () => {};
  const aborted = new Promise<void>((resolve) => (seen = resolve));
  const waiting = defineAction({
    name: 'ListStreams',
    input: structure({ Text: string() }),
    errors: [],
    touches: theAccount,
    handle: async (_input, { signal }) => {
      socket.destroy();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      seen();
    },
  });
  const { port } = await startDoor(t, [waiting]);
  const socket = await open(port);
  socket.write(requestOf('', '', 'ListStreams'));
  await aborted;
});

test('a reader that does not take its answers gets no further ones made', async (t) => {
  let calls = 0;
  const bytes = Buffer.alloc(8 * 1024 * 1024, 'x');
  let released = 0;
  const large = defineAction({
    name: 'GetRecords',
    input: structure({ Text: string() }),
    output: structure({ Text: string() }),
    errors: [],
    touches: theAccount,
    handle: async () => {
      calls += 1;
      return new PreparedBody(bytes, () => (released += 1));
    },
  });
  const { port, reports } = await startDoor(t, [...testActions, large]);
  const slow = await open(port);
  slow.pause();
  slow.write(requestOf('', '', 'GetRecords').repeat(5));
  const other = await open(port);
  while (reports.length === 0) {
    other.write(requestOf('other'));
    await once(other, 'data');
    if (calls > 0) break;
  }
  assert.equal(calls, 1);
  assert.equal(released, 0);
  slow.end();
  let length = 0;
  for await (const chunk of slow) length += (chunk as Buffer).length;
  assert.equal(calls, 5);
  assert.ok(length > 5 * bytes.length);
  assert.equal(released, 5);
  other.destroy();
});
