import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  namesNoBrokers,
  ProduceWalk,
  scanProduce,
  scanProduceStart,
} from '../../../src/wire/scan/produce.ts';
import { readHead } from '../../../src/wire/scan/request-head.ts';
import { writeRequestHeader, writeResponseHeader } from '../../../src/wire/header.ts';
import { writeMessage } from '../../../src/wire/message.ts';
import { produceRequest, produceResponse } from '../../../src/wire/messages/00-produce.ts';
import { WireError, Writer } from '../../../src/wire/primitives.ts';
import { encodeBatch } from '../../../src/wire/record-batch.ts';

const partition = fc.record({
  index: fc.nat(500),
  errorCode: fc.constantFrom(0, 6),
  baseOffset: fc.bigInt({ min: -1n, max: 1n << 60n }),
  errorMessage: fc.option(fc.string(), { freq: 5 }),
  recordErrors: fc.array(
    fc.record({ batchIndex: fc.nat(9), batchIndexErrorMessage: fc.string() }),
    {
      maxLength: 1,
    },
  ),
  currentLeader: fc.record({ leaderId: fc.integer({ min: -1, max: 3 }), leaderEpoch: fc.nat(3) }),
});
const topic = fc.record({
  name: fc.string({ minLength: 1 }),
  topicId: fc.constant('AAAAAAAAAAAAAAAAAAAAAQ'),
  partitionResponses: fc.array(partition, { maxLength: 3 }),
});
const broker = fc.record({ nodeId: fc.nat(9), host: fc.string(), port: fc.nat(65_535) });

test('answers to Produce that name brokers, or tell of bad records, are seen; others pass', () => {
  const answers = fc.record({
    responses: fc.array(topic, { maxLength: 3 }),
    throttleTimeMs: fc.nat(1_000),
    nodeEndpoints: fc.array(broker, { maxLength: 1 }),
  });
  fc.assert(
    fc.property(answers, fc.integer({ min: 10, max: 13 }), fc.nat(9), (answer, version, start) => {
      const writer = new Writer();
      writeResponseHeader(writer, produceResponse, version, 7);
      writeMessage(produceResponse, version, answer, writer);
      const frame = Buffer.alloc(start + 4 + writer.size);
      frame.writeInt32BE(writer.size, start);
      Buffer.concat([...writer.finish()]).copy(frame, start + 4);
      const partitions = answer.responses.flatMap((each) => each.partitionResponses);
      const isPlain = partitions.every(
        ({ errorMessage, recordErrors }) => errorMessage === null && recordErrors.length === 0,
      );
      const expected = isPlain && answer.nodeEndpoints.length === 0;
      assert.equal(namesNoBrokers(frame, start, version), expected);
    }),
  );
});

const versions = fc.integer({ min: 3, max: 13 });
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
const sentPartition = fc.record({
  index: fc.nat(9),
  records: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
});
const cuts = fc.array(fc.nat(90), { maxLength: 60 });

function requestFrame(
  version: number,
  partitionData: readonly { index: number; records: Buffer | null }[],
  topics = 1,
): Buffer {
  const writer = new Writer();
  writeRequestHeader(writer, produceRequest, version, 7, 'a client');
  const topicData = Array.from({ length: topics }, () => ({ name: 'a', topicId, partitionData }));
  const value = { transactionalId: 'a transaction', acks: 1, timeoutMs: 9, topicData };
  writeMessage(produceRequest, version, value, writer);
  const size = Buffer.alloc(4);
  size.writeInt32BE(writer.size);
  return Buffer.concat([size, ...writer.finish()]);
}

/** Walks as a connection does: what may not pass yet comes again with the next piece. */
function walkThrough(walk: ProduceWalk, frame: Buffer, sizes: readonly number[]): Buffer {
  const passed: Buffer[] = [];
  let held: Buffer = Buffer.alloc(0);
  let at = 0;
  for (const size of [...sizes, frame.length]) {
    const piece = frame.subarray(at, at + size);
    at += piece.length;
    const buffer = Buffer.concat([held, piece]);
    const end = walk.through(buffer, 0);
    passed.push(buffer.subarray(0, end));
    held = buffer.subarray(end);
    if (walk.isDone) break;
  }
  assert.ok(walk.isDone);
  assert.equal(held.length, 0);
  return Buffer.concat(passed);
}

const cutRequest = fc
  .record({ version: versions, sent: fc.array(sentPartition, { maxLength: 9 }), sizes: cuts })
  .map((cut) => {
    const frame = requestFrame(cut.version, cut.sent);
    return { ...cut, frame, head: readHead(frame, 0)! };
  });

test('a request that passes while it comes is seen as a whole one is, however it is cut', () => {
  fc.assert(
    fc.property(cutRequest, ({ sizes, frame, head }) => {
      const whole = scanProduce([frame], head);
      const start = scanProduceStart(frame, head)!;
      assert.equal(start.transactionalId, 'a transaction');
      assert.equal(frame.readInt16BE(start.acksAt), 1);
      const walk = new ProduceWalk(start, head, Infinity);
      assert.ok(walkThrough(walk, Buffer.from(frame), sizes).equals(frame));
      assert.deepEqual(walk.topic, whole.topics[0]);
      assert.equal(walk.replaced.size, 0);
    }),
  );
});

test('partitions that are none are given numbers that no broker has; nothing else changes', () => {
  fc.assert(
    fc.property(cutRequest, ({ version, sent, sizes, frame, head }) => {
      const walk = new ProduceWalk(scanProduceStart(frame, head)!, head, 5);
      const passed = walkThrough(walk, Buffer.from(frame), sizes);
      const given = sent.map(({ index, records }) => ({
        index: index < 5 ? index : ~index,
        records,
      }));
      assert.ok(passed.equals(requestFrame(version, given)));
      const none = new Set(sent.map(({ index }) => index).filter((index) => index >= 5));
      assert.deepEqual(new Set(walk.replaced.values()), none);
      for (const [now, before] of walk.replaced) assert.equal(now, ~before);
    }),
  );
});

test('what the header of a batch says of its records is counted', () => {
  const three = Array.from({ length: 3 }, () => ({ key: null, value: Buffer.alloc(9) }));
  const records = [encodeBatch(three, 0), null];
  const sent = records.map((each, index) => ({ index, records: each }));
  const frame = requestFrame(9, [...sent, { index: 2, records: Buffer.alloc(60) }]);
  const [found] = scanProduce([frame], readHead(frame, 0)!).topics;
  assert.deepEqual(found?.records, [3, 0, 1]);
  assert.deepEqual(found.bytes, [records[0]!.length, 0, 60]);
});

test('a request for several topics, or whose beginning is not there, is not passed so', () => {
  const several = requestFrame(9, [{ index: 0, records: Buffer.alloc(70) }], 2);
  assert.equal(scanProduceStart(several, readHead(several, 0)!), undefined);
  const one = requestFrame(9, [{ index: 0, records: Buffer.alloc(70) }]);
  const head = readHead(one, 0)!;
  const { partitionsAt } = scanProduceStart(one, head)!;
  for (let size = 24; size < partitionsAt; size++) {
    assert.equal(scanProduceStart(one.subarray(0, size), head), undefined);
  }
});

test('tagged fields between partitions are passed over', () => {
  const plain = requestFrame(9, [
    { index: 0, records: Buffer.alloc(70) },
    { index: 1, records: Buffer.alloc(70) },
  ]);
  const start = scanProduceStart(plain, readHead(plain, 0)!)!;
  const tagsAt = start.partitionsAt + 4 + 1 + 70;
  assert.equal(plain[tagsAt], 0);
  // Two tags: one of 200 bytes, which look like a partition, and one of none.
  const tags = Buffer.concat([
    Buffer.from([2, 1, 200, 1]),
    Buffer.alloc(200, 1),
    Buffer.from([5, 0]),
  ]);
  const frame = Buffer.concat([plain.subarray(0, tagsAt), tags, plain.subarray(tagsAt + 1)]);
  frame.writeInt32BE(frame.length - 4, 0);
  const head = readHead(frame, 0)!;
  for (const size of [1, 3, 50, 100, 1_000]) {
    const walk = new ProduceWalk(scanProduceStart(frame, head)!, head, 2);
    const sizes = Array<number>(Math.ceil(frame.length / size)).fill(size);
    assert.ok(walkThrough(walk, Buffer.from(frame), sizes).equals(frame));
    assert.deepEqual(walk.topic.partitions, [0, 1]);
  }
});

test('a request that ends before what it announces is no request', () => {
  const frame = requestFrame(9, [{ index: 0, records: Buffer.alloc(100) }]);
  const head = readHead(frame, 0)!;
  const start = scanProduceStart(frame, head)!;
  const more = { ...start, partitionCount: 2 };
  assert.throws(() => new ProduceWalk(more, head, 1).through(frame, 0), WireError);
  const tooLong = Buffer.from(frame);
  tooLong[start.partitionsAt + 4] = 120;
  assert.throws(() => new ProduceWalk(start, head, 1).through(tooLong, 0), WireError);
  assert.throws(() => scanProduce([tooLong], head), WireError);
});
