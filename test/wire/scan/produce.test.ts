import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ValueOf } from '../../../src/wire/message.ts';
import { produceRequest, produceResponse } from '../../../src/wire/messages/00-produce.ts';
import { WireError } from '../../../src/wire/primitives.ts';
import { encodeBatch } from '../../../src/wire/record-batch.ts';
import {
  mayNameBrokers,
  namesNoBrokers,
  produceThrottleAt,
  ProduceWalk,
  scanProduce,
  scanProduceStart,
} from '../../../src/wire/scan/produce.ts';
import { readHead } from '../../../src/wire/scan/request-head.ts';
import { answerFrame, requestFrame } from '../../support/frames.ts';
import { arbitraryOf, isIn, versionsOf } from '../../support/wire-values.ts';

type Request = ValueOf<typeof produceRequest>;

const batches = fc.integer({ min: 1, max: 9 }).map((count) =>
  encodeBatch(
    Array.from({ length: count }, () => ({ key: null, value: Buffer.alloc(3) })),
    0,
  ),
);
/** Bytes that are too few for a batch, or records; each with how many of these are counted. */
const sentRecords = fc.oneof(
  fc.constant(null).map((bytes) => ({ bytes, count: 0 })),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => {
    return { bytes: Buffer.from(bytes), count: Math.min(1, bytes.length) };
  }),
  batches.map((bytes) => ({ bytes, count: bytes.readInt32BE(57) })),
);

/** Any request of a version, with batches in it; and how many records its partitions have. */
function requestsOf(version: number) {
  return fc
    .tuple(
      arbitraryOf(produceRequest, version),
      fc.array(sentRecords, { minLength: 9, maxLength: 9 }),
    )
    .map(([filled, sent]) => {
      const value = filled as Request;
      let nth = 0;
      const counts = new Map<object, number>();
      for (const { partitionData } of value.topicData) {
        for (const partition of partitionData) {
          const { bytes, count } = sent[nth++ % sent.length]!;
          partition.records = bytes;
          counts.set(partition, count);
        }
      }
      return { value, counts };
    });
}

for (const version of versionsOf(produceRequest)) {
  test(`Produce version ${version}: what any request is for is found, however it is cut`, () => {
    const fields = produceRequest.fields.topicData.element!.fields!;
    fc.assert(
      fc.property(requestsOf(version), fc.nat(200), ({ value, counts }, cut) => {
        const frame = requestFrame(produceRequest, version, value);
        const head = readHead(frame, 0)!;
        const expected = value.topicData.map(({ name, topicId, partitionData }) => ({
          name: isIn(fields['name']!, version) ? name : undefined,
          id: isIn(fields['topicId']!, version) ? topicId : undefined,
          partitions: partitionData.map(({ index }) => index),
          bytes: partitionData.map(({ records }) => records?.length ?? 0),
          records: partitionData.map((partition) => counts.get(partition)),
        }));
        const several = [
          frame.subarray(0, cut),
          frame.subarray(cut, cut + 3),
          frame.subarray(cut + 3),
        ];
        for (const pieces of [[frame], several]) {
          const { topics, transactionalId, acks, acksAt } = scanProduce(pieces, head);
          assert.equal(transactionalId, value.transactionalId);
          assert.equal(acks, value.acks);
          assert.equal(frame.readInt16BE(acksAt), value.acks);
          assert.deepEqual(
            topics.map((topic) => ({ ...topic })),
            expected,
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  test(`Produce version ${version}: a request for one topic can pass while it comes`, () => {
    const topicData = [{ name: 'a', partitionData: [{ index: 0, records: Buffer.alloc(70) }] }];
    const frame = requestFrame(produceRequest, version, { topicData });
    assert.ok(scanProduceStart(frame, readHead(frame, 0)!) !== undefined);
  });
}

for (const version of versionsOf(produceResponse)) {
  test(`Produce version ${version}: answers that name brokers are seen; others pass`, () => {
    const answers = arbitraryOf(produceResponse, version) as fc.Arbitrary<
      ValueOf<typeof produceResponse>
    >;
    const namesBrokers = isIn(produceResponse.fields.nodeEndpoints, version);
    assert.equal(mayNameBrokers(version), namesBrokers);
    fc.assert(
      fc.property(answers, fc.nat(9), (value, start) => {
        const frame = answerFrame(produceResponse, version, value);
        assert.equal(frame.readInt32BE(produceThrottleAt(frame, version)), value.throttleTimeMs);
        const buffer = Buffer.concat([Buffer.alloc(start), frame]);
        const isPlain = !namesBrokers || value.nodeEndpoints.length === 0;
        assert.equal(namesNoBrokers(buffer, start, version), isPlain);
      }),
      { numRuns: 60 },
    );
  });
}

const versions = fc.constantFrom(...versionsOf(produceRequest));
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
const sentPartition = fc.record({
  index: fc.nat(9),
  records: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
});
const cuts = fc.array(fc.nat(90), { maxLength: 60 });

function oneTopic(
  version: number,
  partitionData: readonly { index: number; records: Buffer | null }[],
  topics = 1,
): Buffer {
  const topicData = Array.from({ length: topics }, () => ({ name: 'a', topicId, partitionData }));
  const value = { transactionalId: 'a transaction', acks: 1, timeoutMs: 9, topicData };
  return requestFrame(produceRequest, version, value);
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
    const frame = oneTopic(cut.version, cut.sent);
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
      assert.ok(passed.equals(oneTopic(version, given)));
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
  const frame = oneTopic(9, [...sent, { index: 2, records: Buffer.alloc(60) }]);
  const [found] = scanProduce([frame], readHead(frame, 0)!).topics;
  assert.deepEqual(found?.records, [3, 0, 1]);
  assert.deepEqual(found.bytes, [records[0]!.length, 0, 60]);
});

test('a request for several topics, or whose beginning is not there, is not passed so', () => {
  const several = oneTopic(9, [{ index: 0, records: Buffer.alloc(70) }], 2);
  assert.equal(scanProduceStart(several, readHead(several, 0)!), undefined);
  const one = oneTopic(9, [{ index: 0, records: Buffer.alloc(70) }]);
  const head = readHead(one, 0)!;
  const { partitionsAt } = scanProduceStart(one, head)!;
  for (let size = 24; size < partitionsAt; size++) {
    assert.equal(scanProduceStart(one.subarray(0, size), head), undefined);
  }
});

test('tagged fields between partitions are passed over', () => {
  const plain = oneTopic(9, [
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

test('a truncated request is invalid', () => {
  const frame = oneTopic(9, [{ index: 0, records: Buffer.alloc(100) }]);
  const head = readHead(frame, 0)!;
  const start = scanProduceStart(frame, head)!;
  const more = { ...start, partitionCount: 2 };
  assert.throws(() => new ProduceWalk(more, head, 1).through(frame, 0), WireError);
  const tooLong = Buffer.from(frame);
  tooLong[start.partitionsAt + 4] = 120;
  assert.throws(() => new ProduceWalk(start, head, 1).through(tooLong, 0), WireError);
  assert.throws(() => scanProduce([tooLong], head), WireError);
});
