/** What no honest client sends: every such request is refused or cut, and nothing hangs on it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { putRecord } from '../../../src/aws/kinesis/actions/put-record.ts';
import { call, startDoor } from '../kinesis/door.ts';

const fixed =
  'Host: x\r\nContent-Type: application/x-amz-json-1.1\r\n' +
  'X-Amz-Target: Kinesis_20131202.DescribeLimits\r\n';
const textOf = (text: string): string => JSON.stringify({ Text: text });
const honest = (text: string): string => {
  const body = textOf(text);
  return `POST / HTTP/1.1\r\n${fixed}Content-Length: ${body.length}\r\n\r\n${body}`;
};

/** Sends the bytes, says that no more come, and reads what is answered until the end. */
async function exchange(port: number, sent: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  socket.end(Buffer.from(sent, 'latin1'));
  const answer = await readAll(socket);
  socket.destroy();
  return answer;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  try {
    for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
  } catch {
    // A connection that is cut has said what it said.
  }
  return text;
}

const statusesOf = (answer: string): string[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1] as string);

const smuggled = honest('smuggled');
const post = (headers: string, rest: string): string =>
  `POST / HTTP/1.1\r\n${fixed}${headers}\r\n${rest}`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const zero = '0\r\n\r\n';
const first = textOf('a');

/** Each is read in two ways by servers that are not strict; after it comes another request. */
const ambiguous: Readonly<Record<string, string>> = {
  'a length and chunks': post(
    `Content-Length: ${zero.length}\r\nTransfer-Encoding: chunked\r\n`,
    `${zero}${smuggled}`,
  ),
  'chunks and a length': post(
    `Transfer-Encoding: chunked\r\nContent-Length: ${zero.length + smuggled.length}\r\n`,
    `${zero}${smuggled}`,
  ),
  'two lengths': post(
    `Content-Length: ${first.length}\r\nContent-Length: ${first.length + smuggled.length}\r\n`,
    `${first}${smuggled}`,
  ),
  'a list of lengths': post(
    `Content-Length: ${first.length}, ${first.length + smuggled.length}\r\n`,
    `${first}${smuggled}`,
  ),
  'a length with a sign': post(`Content-Length: +${first.length}\r\n`, `${first}${smuggled}`),
  'a negative length': post('Content-Length: -1\r\n', `${first}${smuggled}`),
  'a length in hexadecimal': post('Content-Length: 0xc\r\n', `${first}${smuggled}`),
  'an empty length': post('Content-Length:\r\n', `${first}${smuggled}`),
  'a length that is not a number': post('Content-Length: 1e1\r\n', `${first}${smuggled}`),
  'a length beyond every number': post(`Content-Length: ${'9'.repeat(30)}\r\n`, smuggled),
  'a space before the colon': post(`Content-Length : ${first.length}\r\n`, `${first}${smuggled}`),
  'a folded line': post(`Content-Length:\r\n ${first.length}\r\n`, `${first}${smuggled}`),
  'lines ended by LF alone': post('', '').replaceAll('\r\n', '\n') + smuggled,
  'one line ended by LF alone': post(`X: y\nContent-Length: ${first.length}\r\n`, first + smuggled),
  'a bare CR in a header': post(`X: y\rContent-Length: ${first.length}\r\n`, first + smuggled),
  'a NUL in a header': post(`X: y\u0000\r\nContent-Length: ${first.length}\r\n`, first + smuggled),
  'a NUL in a name': post(`X\u0000: y\r\nContent-Length: ${first.length}\r\n`, first + smuggled),
  'an encoding that is none': post('Transfer-Encoding: xchunked\r\n', `${zero}${smuggled}`),
  'chunks that are not last': post('Transfer-Encoding: chunked, identity\r\n', zero + smuggled),
  'an encoding with a vertical tab': post('Transfer-Encoding: \u000bchunked\r\n', zero + smuggled),
  'two encodings': post(
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    `${zero}${smuggled}`,
  ),
  'a chunk of no size': post('Transfer-Encoding: chunked\r\n', `\r\n${zero}${smuggled}`),
  'a chunk of a size with 0x': post('Transfer-Encoding: chunked\r\n', `0x0\r\n\r\n${smuggled}`),
  'a chunk that is too short': post('Transfer-Encoding: chunked\r\n', `ff\r\na\r\n${zero}`),
  'a chunk of a size beyond every number': post(
    'Transfer-Encoding: chunked\r\n',
    `${'f'.repeat(17)}\r\n${smuggled}`,
  ),
  'a chunk not ended by CR LF': post(
    'Transfer-Encoding: chunked\r\n',
    `1\r\naXX${zero}${smuggled}`,
  ),
  'a size of a chunk ended by LF': post('Transfer-Encoding: chunked\r\n', `0\n\n${smuggled}`),
  'another version': honest('a').replace('HTTP/1.1', 'HTTP/1.2') + smuggled,
  'no version': `POST /\r\n\r\n${smuggled}`,
  'a method in small letters': honest('a').replace('POST', 'post') + smuggled,
  'a space in front': ` ${honest('a')}${smuggled}`,
  'a tab in the request line': honest('a').replace('POST /', 'POST\t/') + smuggled,
};

for (const [what, sent] of Object.entries(ambiguous)) {
  test(`a request with ${what} is refused, and nothing after it is parsed as one`, async (t) => {
    const { port } = await startDoor(t);
    const answer = await exchange(port, sent);
    assert.ok(!answer.includes('smuggled'), answer);
    assert.deepEqual(
      statusesOf(answer).filter((status) => !/^4\d\d$/.test(status)),
      [],
      answer,
    );
    assert.ok(statusesOf(answer).length <= 1, answer);
    // The door serves others as before.
    const { body } = await call(port, 'DescribeLimits', textOf('b'));
    assert.deepEqual(body, { Text: 'b' });
  });
}

test('requests in a row, and chunks with extensions and trailers, are honest', async (t) => {
  const { port } = await startDoor(t);
  const chunks = `${chunk(first.slice(0, 5))}${chunk(first.slice(5)).replace('\r', ';x=y\r')}`;
  const inChunks = post('Transfer-Encoding: chunked\r\n', `${chunks}0\r\nX: y\r\n\r\n`);
  const answer = await exchange(port, `${inChunks}${honest('b')}${honest('c')}`);
  assert.deepEqual(statusesOf(answer), ['200', '200', '200']);
  assert.deepEqual(
    [...answer.matchAll(/"Text":"(.)"/g)].map((match) => match[1]),
    ['a', 'b', 'c'],
  );
});

test('heads beyond their size, and too many headers, are refused', async (t) => {
  const { port } = await startDoor(t);
  const long = `X: ${'y'.repeat(40 * 1024)}\r\n`;
  const many = Array.from({ length: 5_000 }, (_, index) => `X-${index}: y\r\n`).join('');
  for (const headers of [long, many]) {
    const answer = await exchange(port, post(`${headers}Content-Length: 0\r\n`, ''));
    assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/);
    assert.ok(statusesOf(answer).length <= 1);
  }
});

const kinds: Readonly<Record<string, readonly [type: string, bodies: readonly Buffer[]]>> = {
  JSON: [
    'application/x-amz-json-1.1',
    ['{', '{"Text":"a"', '{"Text":}', '[]', '1', 'null', '{"Text":"a"}}', '{"Text":"\ud800']
      .concat('['.repeat(100_000), '{"a":'.repeat(100_000), '{"Text":"a\u0001"}', '{Text:1}')
      .map((text) => Buffer.from(text))
      .concat(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
  ],
  CBOR: [
    'application/x-amz-cbor-1.1',
    [
      'a1',
      'a16454657874',
      'ff',
      'bf',
      '9f',
      '1b',
      '5bffffffffffffffff',
      'bbffffffffffffffff',
      '9bffffffffffffffff',
      'a1645465787463ffffff',
      'c1'.repeat(5_000),
      '81'.repeat(100_000),
      'a1'.repeat(100_000),
      '9f'.repeat(100_000),
      'd818'.repeat(1_000),
      'f6',
      '00',
    ].map((hex) => Buffer.from(hex, 'hex')),
  ],
};

for (const [kind, [type, bodies]] of Object.entries(kinds)) {
  test(`${kind} that is cut, nested without end, or none at all is refused as such`, async (t) => {
    const { port } = await startDoor(t);
    for (const bytes of bodies) {
      const answer = await call(port, 'DescribeLimits', bytes, { 'content-type': type });
      const shown = bytes.subarray(0, 20).toString('latin1');
      assert.equal(answer.status, 400, shown);
      assert.match(answer.bytes.toString('latin1'), /SerializationException/, shown);
    }
  });
}

test('base64 with wrong characters, wrong length or wrong padding is refused', async (t) => {
  const { port } = await startDoor(t);
  for (const text of [
    'Y',
    'YQ',
    'YQ=',
    'Y===',
    'YQ==\n',
    'Y Q==',
    '-_8=',
    '=',
    'YQ==YQ==',
    '\u00e9',
  ]) {
    const { status, body } = await call(port, 'DescribeLimits', { Bytes: text });
    assert.equal(status, 400, text);
    assert.equal((body as { __type: string }).__type, 'SerializationException', text);
  }
  for (const text of ['', 'YQ==', 'YWI=', 'YWJj', '+/8=']) {
    const { body } = await call(port, 'DescribeLimits', { Bytes: text });
    assert.deepEqual(body, { Bytes: text });
  }
});

test('bodies of 11 MiB are read where an action takes such, and else refused unread', async (t) => {
  const { port } = await startDoor(t, [putRecord]);
  const body = JSON.stringify({
    StreamName: 'a',
    PartitionKey: 'k',
    Data: Buffer.alloc(11 * 1024 * 1024, 1).toString('base64'),
  });
  const taken = await call(port, 'PutRecord', body);
  assert.equal((taken.body as { __type: string }).__type, 'ValidationException');
  const { port: other } = await startDoor(t);
  const answer = await exchange(
    other,
    post(`Content-Length: ${body.length}\r\n`, body.slice(0, 100)),
  );
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.match(answer, /RequestEntityTooLargeException/);
  assert.equal(statusesOf(answer).length, 1);
});

test('chunks without end are cut when they are more than an action takes', async (t) => {
  const { port } = await startDoor(t);
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.write(post('Transfer-Encoding: chunked\r\n', ''));
  const piece = chunk(' '.repeat(64 * 1024));
  let sentBytes = 0;
  const answered = readAll(socket);
  let ended = false;
  socket.once('close', () => (ended = true));
  // Four times of what such an action takes, unless it is cut before.
  while (!ended && sentBytes < 8 * 1024 * 1024) {
    sentBytes += piece.length;
    if (socket.write(piece)) continue;
    await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
  }
  socket.end();
  assert.match(await answered, /^(HTTP\/1\.1 413 |$)/);
});

async function untilNone(connections: { readonly open: number }): Promise<void> {
  const deadlineMs = Date.now() + 10_000;
  while (connections.open > 0) {
    assert.ok(Date.now() < deadlineMs, `${connections.open} connections are left`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const slowLimits = { greetingTimeoutMs: 200, headersTimeoutMs: 200, bodyTimeoutMs: 400 };

test('clients that send a byte now and then are cut by named limits', async (t) => {
  const { port, connections } = await startDoor(t, undefined, undefined, {
    ...slowLimits,
    silenceTimeoutMs: 400,
  });
  const head = `POST / HTTP/1.1\r\n${fixed}Content-Length: 1000000\r\n\r\n{`;
  const dripping = ['POST / HTTP/1.1\r\nX: ', head, post('Transfer-Encoding: chunked\r\n', '')];
  await Promise.all(
    dripping.map(async (beginning) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => {});
      socket.write(beginning);
      const drip = setInterval(() => socket.write(beginning.endsWith('\r\n\r\n') ? '1' : 'y'), 20);
      const answer = await readAll(socket);
      clearInterval(drip);
      assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/);
    }),
  );
  await untilNone(connections);
});

test('clients that close their half, or vanish, leave no connection behind', async (t) => {
  const { port, connections } = await startDoor(t, undefined, undefined, slowLimits);
  const head = `POST / HTTP/1.1\r\n${fixed}Content-Length: 100\r\n\r\n{`;
  const cut = await Promise.all(
    ['', 'P', 'POST / HTTP/1.1\r\n', head].map((sent) => exchange(port, sent)),
  );
  for (const answer of cut) assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/);
  for (const sent of ['', 'POST', head]) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(sent);
    socket.resetAndDestroy();
  }
  await untilNone(connections);
});
