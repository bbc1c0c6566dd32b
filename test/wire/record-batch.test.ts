import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compressionNames } from '../../src/wire/compression.ts';
import { WireError } from '../../src/wire/primitives.ts';
import {
  encodeBatch,
  encodeCompressedBatch,
  fullRecordsOf,
  isIntact,
  markerOf,
  readBatches,
  recordsOf,
  type RecordInput,
  unpackBatch,
} from '../../src/wire/record-batch.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
/** As fc.record, with ordinary objects only. */
const shape = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true });
const record = shape({
  key: fc.option(bytes),
  value: fc.option(bytes),
  timestampMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  headers: fc.array(shape({ key: fc.string({ unit: 'grapheme' }), value: fc.option(bytes) }), {
    maxLength: 3,
  }),
});

test('decoding gives back what was encoded, in every compression', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(...compressionNames),
      async (records, compression) => {
        const encoded = await encodeCompressedBatch(records, 1_000, compression, {
          baseOffset: 5n,
        });
        const [batch] = readBatches(encoded);
        assert.ok(batch !== undefined && isIntact(batch));
        assert.equal(batch.baseOffset, 5n);
        assert.equal(batch.lastOffset, 4n + BigInt(records.length));
        const expected = records.map((each, offsetDelta) => ({ ...each, offsetDelta }));
        assert.deepEqual(fullRecordsOf(await unpackBatch(batch)), expected);
      },
    ),
    { numRuns: 60 },
  );
});

test('a batch that the end of the fetch cuts off is left out', () => {
  const one = encodeBatch([{ key: null, value: Buffer.from('a') }], 1);
  const two = Buffer.concat([one, one.subarray(0, one.length - 1)]);
  assert.equal(readBatches(two).length, 1);
});

test('records of a log that stamps them carry the time of arrival', () => {
  const batch = encodeBatch([{ key: null, value: Buffer.from('a') }], 1);
  batch.writeInt16BE(0x08, 21);
  batch.writeBigInt64BE(99n, 35);
  assert.equal(recordsOf(readBatches(batch)[0]!)[0]!.timestampMs, 99);
});

test('markers tell whether a transaction was committed or aborted', () => {
  for (const [type, name] of [
    [0, 'abort'],
    [1, 'commit'],
  ] as const) {
    const key = Buffer.from([0, 0, 0, type]);
    const batch = encodeBatch([{ key, value: Buffer.alloc(6) }], 1, { control: true });
    assert.equal(markerOf(readBatches(batch)[0]!), name);
  }
});

test('hostile bytes throw a WireError and nothing else', () => {
  const records: RecordInput[] = Array.from({ length: 5 }, (_, index) => ({
    key: Buffer.from(`key ${index}`),
    value: Buffer.alloc(50, index),
  }));
  const good = encodeBatch(records, 1);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), {
        minLength: 1,
        maxLength: 8,
      }),
      (changes) => {
        const bad = Buffer.from(good);
        for (const [at, byte] of changes) bad[at] = byte;
        try {
          for (const batch of readBatches(bad)) fullRecordsOf(batch);
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a batch that claims more records than its bytes can hold is refused', () => {
  const batch = encodeBatch([{ key: null, value: Buffer.from('a') }], 1);
  for (const count of [2, 0x7fffffff]) {
    batch.writeInt32BE(count, 57);
    assert.throws(() => recordsOf(readBatches(batch)[0]!), WireError);
  }
  batch.writeInt32BE(-1, 57);
  assert.throws(() => readBatches(batch), WireError);
});

test('a batch of no records is not written, and one that compaction emptied is read', () => {
  assert.throws(() => encodeBatch([], 1), WireError);
  const header = encodeBatch([{ key: null, value: null }], 1).subarray(0, 61);
  header.writeInt32BE(61 - 12, 8);
  header.writeInt32BE(4, 23);
  header.writeInt32BE(0, 57);
  const [batch] = readBatches(header);
  assert.deepEqual([batch!.lastOffset, recordsOf(batch!)], [4n, []]);
});

test('records that are still compressed are asked for in vain', async () => {
  const [batch] = readBatches(await encodeCompressedBatch([{ key: null, value: null }], 1, 'gzip'));
  assert.throws(() => recordsOf(batch!), WireError);
  assert.throws(() => fullRecordsOf(batch!), WireError);
});

test('a hostile message of an old format throws a WireError and nothing else', async () => {
  const message = Buffer.alloc(50);
  message.writeInt32BE(38, 8);
  message[16] = 1;
  message.writeInt32BE(3, 26);
  message.writeInt32BE(13, 33);
  assert.equal(recordsOf(readBatches(message)[0]!)[0]!.value!.length, 13);
  const change = fc.tuple(fc.nat({ max: 49 }), fc.nat({ max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bad = Buffer.from(message);
      for (const [at, byte] of changes) bad[at] = byte;
      await refusesOrReads(bad, 1_000_000);
    }),
    { numRuns: 1_000 },
  );
});

const compressed = compressionNames.filter((name) => name !== 'none');

for (const compression of compressed) {
  test(`${compression} records that would grow past the limit are refused`, async () => {
    const sizeMax = 1_000_000;
    const bomb = [{ key: null, value: Buffer.alloc(20 * sizeMax) }];
    const [batch] = readBatches(await encodeCompressedBatch(bomb, 1, compression));
    await assert.rejects(unpackBatch(batch!, sizeMax), WireError);
    const small = [{ key: null, value: Buffer.alloc(sizeMax / 10) }];
    const [other] = readBatches(await encodeCompressedBatch(small, 1, compression));
    assert.equal(recordsOf(await unpackBatch(other!, sizeMax))[0]!.value!.length, sizeMax / 10);
  });

  test(`hostile ${compression} records throw a WireError and nothing else`, async () => {
    const records = Array.from({ length: 40 }, (_, index) => ({
      key: Buffer.from(`key ${index}`),
      value: Buffer.from('a word and a word '.repeat(index)),
    }));
    const good = await encodeCompressedBatch(records, 1, compression);
    const sizeMax = 1_000_000;
    const place = fc.nat({ max: good.length - 1 });
    const change = fc.tuple(place, fc.nat({ max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), place, (changes, end) =>
        refusesOrReads(broken(good, changes, end), sizeMax),
      ),
      { numRuns: 400 },
    );
  });
}

/** The batch with bytes changed, cut off at an even `end`. */
function broken(good: Buffer, changes: readonly (readonly [number, number])[], end: number) {
  const cut = end % 2 === 0 ? Math.max(end, 61) : good.length;
  const bad = Buffer.from(good.subarray(0, cut));
  for (const [at, byte] of changes) if (at < cut) bad[at] = byte;
  bad.writeInt32BE(cut - 12, 8);
  return bad;
}

async function refusesOrReads(hostile: Buffer, sizeMax: number): Promise<void> {
  try {
    for (const batch of readBatches(hostile)) {
      const { plain, ...rest } = await unpackBatch(batch, sizeMax);
      assert.ok(plain!.length <= sizeMax);
      fullRecordsOf({ ...rest, plain });
    }
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
  }
}
