import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { decode, encode } from 'cbor-x';
import { KinesisError } from '../../../src/aws/kinesis/errors.ts';
import { call, failures, startDoor, whenEndlessEnds } from '../kinesis/door.ts';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);

type Frame = { name: unknown; kind: unknown; type: unknown; payload: Uint8Array };

function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const { headers, body } = codec.decode(bytes.subarray(at, at + bytes.readUInt32BE(at)));
    frames.push({
      name: (headers[':event-type'] ?? headers[':exception-type'])?.value,
      kind: headers[':message-type']?.value,
      type: headers[':content-type']?.value,
      payload: body,
    });
  }
  return frames;
}

test('the first frame is the initial response, then each event is one frame', async (t) => {
  const { port } = await startDoor(t);
  const answer = await call(port, 'SubscribeToShard', {});
  assert.equal(answer.headers.get('content-type'), 'application/vnd.amazon.eventstream');
  const [initial, ...events] = framesIn(answer.bytes);
  assert.deepEqual([initial?.name, initial?.kind], ['initial-response', 'event']);
  const types = new Set([initial, ...events].map((frame) => frame?.type));
  assert.deepEqual([...types], ['application/x-amz-json-1.1']);
  assert.deepEqual(
    events.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as unknown),
    [1, 2, 3, 4, 5].map((Number) => ({ Number })),
  );
  assert.ok(events.every(({ name }) => name === 'SubscribeToShardEvent'));
});

test('a CBOR request gets events in CBOR', async (t) => {
  const { port } = await startDoor(t);
  const type = { 'content-type': 'application/x-amz-cbor-1.1' };
  const answer = await call(port, 'SubscribeToShard', encode({ StreamName: 'a' }), type);
  const last = framesIn(answer.bytes).at(-1);
  assert.deepEqual(decode(Buffer.from(last?.payload ?? [])), { Number: 5 });
});

test('what fails after the beginning is an exception frame, and the end', async (t) => {
  const { port } = await startDoor(t);
  failures['moved'] = () => new KinesisError('ResourceNotFoundException', 'It is gone.');
  failures['broken'] = () => new TypeError('secret of the inside');
  const last = async (StreamName: string): Promise<unknown[]> => {
    const frames = framesIn((await call(port, 'SubscribeToShard', { StreamName })).bytes);
    const frame = frames.at(-1);
    return [frames.length, frame?.kind, frame?.name, Buffer.from(frame?.payload ?? []).toString()];
  };
  assert.deepEqual(await last('moved'), [
    4,
    'exception',
    'ResourceNotFoundException',
    '{"message":"It is gone."}',
  ]);
  const [, kind, name, text] = await last('broken');
  assert.deepEqual([kind, name], ['exception', 'InternalFailureException']);
  assert.doesNotMatch(String(text), /secret/);
});

test('over HTTP/2 frames arrive while the stream continues, and leaving ends it', async (t) => {
  const { port } = await startDoor(t);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ':method': 'POST',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'Kinesis_20131202.SubscribeToShard',
  });
  stream.on('error', () => {});
  stream.end('{"StreamName":"endless"}');
  let received = Buffer.alloc(0);
  const ended = whenEndlessEnds();
  for await (const chunk of stream) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (framesIn(received).length === 6) break;
  }
  assert.equal(framesIn(received)[0]?.name, 'initial-response');
  session.destroy();
  await ended;
});

test('over HTTP/1.1 a client that leaves ends the stream too', async (t) => {
  const { port } = await startDoor(t);
  const ended = whenEndlessEnds();
  const body = '{"StreamName":"endless"}';
  const socket = connectTcp(port, '127.0.0.1');
  socket.write(
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.1\r\n' +
      'X-Amz-Target: Kinesis_20131202.SubscribeToShard\r\n' +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  let received = '';
  for await (const chunk of socket) {
    received += (chunk as Buffer).toString('latin1');
    if (received.includes('{"Number":5}')) break;
  }
  socket.destroy();
  await ended;
});

test('stop() ends streams that have no end of their own', async (t) => {
  const { port, stop } = await startDoor(t);
  const ended = whenEndlessEnds();
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ':method': 'POST',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'Kinesis_20131202.SubscribeToShard',
  });
  stream.end('{"StreamName":"endless"}');
  let received = Buffer.alloc(0);
  let stopped: Promise<void> | undefined;
  for await (const chunk of stream) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (framesIn(received).length === 6) stopped ??= stop();
  }
  await Promise.all([stopped, ended]);
  assert.equal(framesIn(received).length, 6);
  session.close();
});
