/** Record batches against Kafka's own MemoryRecords, read and written, both ways. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { compressionNames } from '../../src/wire/compression.ts';
import type { RecordBatch } from '../../src/wire/batch.ts';
import {
  type BatchOptions,
  encodeBatch,
  encodeCompressedBatch,
  fullRecordsOf,
  isIntact,
  markerOf,
  readBatches,
  unpackBatch,
} from '../../src/wire/record-batch.ts';
import { JavaOracle } from './java-oracle.ts';

const seed = 20_260_702;
const batchesEach = 8;

let java: JavaOracle;
before(async () => {
  java = await JavaOracle.start();
});
after(() => java.stop());

type JavaRecord = {
  readonly offset: string;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
};

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const record = fc.record(
  {
    key: fc.option(bytes),
    value: fc.option(
      fc.oneof(bytes, fc.integer({ min: 0, max: 200_000 }).map(repetitive), fc.constant(noise())),
    ),
    timestampMs: fc.oneof(
      fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
    ),
    headers: fc.array(
      fc.record(
        { key: fc.string({ unit: 'binary' }), value: fc.option(bytes) },
        { noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
  },
  { noNullPrototype: true },
);
const recordLists = fc.sample(fc.array(record, { minLength: 1, maxLength: 12 }), {
  numRuns: batchesEach,
  seed,
});

/** What compresses well, with matches that reach back over the edges of blocks. */
function repetitive(size: number): Buffer {
  return Buffer.from('the same words again, '.repeat(Math.ceil(size / 22))).subarray(0, size);
}

/** What does not compress, larger than a block of lz4 or snappy. */
function noise(): Buffer {
  const buffer = Buffer.alloc(150_000);
  let state = 1;
  for (let at = 0; at < buffer.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    buffer[at] = state >>> 24;
  }
  return buffer;
}

/** The question that has Java write a batch, but for what a test changes, and the records. */
const javaBatch = {
  ask: 'writeBatch',
  magic: 2,
  compression: 'none',
  appendTime: false,
  appendTimeMs: 1_234,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  transactional: false,
  baseOffset: 1_000,
};

const inTransaction = { producerId: 77, producerEpoch: 2, baseSequence: 5, transactional: true };

const hex = (buffer: Buffer | null) => (buffer === null ? null : buffer.toString('hex'));

/** A batch of ours in the words of Oracle.java. */
async function described(packed: RecordBatch) {
  const batch = await unpackBatch(packed);
  const records = fullRecordsOf(batch);
  const { baseOffset, lastOffset, maxTimestampMs, appendTime, compression } = batch;
  const { transactional, control, producerId, producerEpoch, baseSequence } = batch;
  return {
    magic: batch.magic,
    baseOffset: String(baseOffset),
    lastOffset: String(lastOffset),
    maxTimestampMs,
    appendTime,
    compression,
    transactional,
    control,
    producerId: String(producerId),
    producerEpoch,
    baseSequence,
    records: records.map((each) => ({
      offset: String(baseOffset + BigInt(each.offsetDelta)),
      timestampMs: each.timestampMs,
      key: hex(each.key),
      value: hex(each.value),
      headers: each.headers.map(({ key, value }) => ({ key, value: hex(value) })),
    })),
  };
}

for (const compression of compressionNames) {
  test(`Java reads our batches: ${compression}`, async () => {
    const options: readonly BatchOptions[] = [
      {},
      { baseOffset: 2n ** 40n, producerId: 2n ** 50n, producerEpoch: 3, baseSequence: 9 },
      { baseOffset: 7n, producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: true },
    ];
    for (const records of recordLists) {
      for (const each of options) {
        const encoded = await encodeCompressedBatch(records, 1_700_000_000_000, compression, each);
        const [batch] = readBatches(encoded);
        const read = await java.ask({ ask: 'readBatches', hex: hex(encoded) });
        assert.deepEqual(read, [await described(batch!)]);
        const given = records.map((one, offsetDelta) => ({ ...one, offsetDelta }));
        assert.deepEqual(fullRecordsOf(await unpackBatch(batch!)), given);
      }
    }
  });

  test(`we read Java's batches: ${compression}`, async () => {
    for (const [index, records] of recordLists.entries()) {
      const transactional = index % 2 === 1;
      const appendTime = index % 4 >= 2;
      const given = asJava(records, 1_000);
      const expectedRecords = appendTime
        ? given.map((each) => ({ ...each, timestampMs: 1_234 }))
        : given;
      const question = {
        ...javaBatch,
        compression,
        appendTime,
        ...(transactional ? inTransaction : {}),
        records: given,
      };
      const written = Buffer.from((await java.ask(question)) as string, 'hex');
      const batches = readBatches(written);
      assert.ok(batches.every(isIntact));
      const read = await java.ask({ ask: 'readBatches', hex: hex(written) });
      const ours = await Promise.all(batches.map(described));
      assert.deepEqual(ours, read);
      assert.deepEqual(ours[0]!.records, expectedRecords);
    }
  });
}

/** Every other offset is left out, as compaction does. */
function asJava(records: (typeof recordLists)[number], baseOffset: number): JavaRecord[] {
  return records.map(({ key, value, timestampMs, headers }, index) => ({
    offset: String(baseOffset + 2 * index),
    timestampMs,
    key: hex(key),
    value: hex(value),
    headers: headers.map((each) => ({ key: each.key, value: hex(each.value) })),
  }));
}

test('the bytes of an uncompressed batch are those that Java writes', async () => {
  for (const records of recordLists) {
    const base = records[0]!.timestampMs;
    const question = {
      ...javaBatch,
      baseOffset: 0,
      records: asJava(records, 0).map((each, index) => ({ ...each, offset: String(index) })),
    };
    const written = Buffer.from((await java.ask(question)) as string, 'hex');
    const ours = encodeBatch(records, base);
    // The leader's epoch, which stands outside the checksum, is the broker's to fill in.
    written.writeInt32BE(-1, 12);
    assert.equal(hex(ours), hex(written));
  }
});

test('the markers that end transactions are told from records', async () => {
  for (const [type, name] of [
    ['COMMIT', 'commit'],
    ['ABORT', 'abort'],
  ] as const) {
    const written = await java.ask({ ask: 'writeMarker', type, producerId: 9, baseOffset: 44 });
    const [batch] = readBatches(Buffer.from(written as string, 'hex'));
    assert.ok(batch!.control && batch!.transactional && isIntact(batch!));
    assert.deepEqual([batch!.baseOffset, batch!.lastOffset, batch!.producerId], [44n, 44n, 9n]);
    assert.equal(markerOf(batch!), name);
  }
});

const oldCompressions = { 0: ['none', 'gzip', 'snappy'], 1: ['none', 'gzip', 'snappy', 'lz4'] };
for (const magic of [0, 1] as const) {
  for (const compression of oldCompressions[magic]) {
    for (const appendTime of magic === 0 ? [false] : [false, true]) {
      const what = `${compression}${appendTime ? ', stamped by the log' : ''}`;
      test(`we read the messages of format ${magic}: ${what}`, async () => {
        for (const records of recordLists) {
          const question = {
            ...javaBatch,
            magic,
            compression,
            appendTime,
            records: asJava(records, 1_000),
          };
          const written = Buffer.from((await java.ask(question)) as string, 'hex');
          const batches = readBatches(written);
          assert.ok(batches.every(isIntact));
          const read = (await java.ask({ ask: 'readBatches', hex: hex(written) })) as {
            readonly lastOffset: string;
            readonly records: unknown[];
          }[];
          const ours = await Promise.all(batches.map(described));
          assert.deepEqual(
            ours.flatMap((batch) => batch.records),
            read.flatMap((batch) => batch.records),
          );
          assert.deepEqual(
            ours.map((batch) => batch.lastOffset),
            read.map((batch) => batch.lastOffset),
          );
        }
      });
    }
  }
}
