import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from '../../src/wire/primitives.ts';
import {
  batchHeaderBytes,
  encodeBatch,
  leaderEpochOf,
  readBatches,
  recordsOf,
  visitRecords,
} from '../../src/wire/record-batch.ts';

const count = 9;
const encoded = encodeBatch(
  Array.from({ length: count }, (_, index) => ({
    key: index % 2 === 0 ? null : Buffer.from(`key ${index}`),
    value: Buffer.from(`value ${index}`),
    timestampMs: 1_000 + index,
    headers: [{ key: 'h', value: null }],
  })),
  1_000,
  { baseOffset: 70n },
);

function visited(bytes: Buffer, deltaMin: number, deltaMax: number) {
  const records: ReturnType<typeof recordsOf> = [];
  visitRecords(readBatches(bytes)[0]!, deltaMin, deltaMax, (offsetDelta, timestampMs, key, value) =>
    records.push({ offsetDelta, timestampMs, key, value }),
  );
  return records;
}

test('the records between two distances are visited, as they are read elsewhere', () => {
  const all = recordsOf(readBatches(encoded)[0]!);
  for (let min = -1; min <= count; min++) {
    for (let max = min - 1; max <= count; max++) {
      assert.deepEqual(
        visited(encoded, min, max),
        all.slice(Math.max(0, min), Math.max(0, max + 1)),
      );
    }
  }
});

test('nothing after the last wanted record is read, and broken ones before it are found', () => {
  const broken = Buffer.from(encoded);
  broken.fill(0xff, broken.length - 3);
  assert.equal(visited(broken, 0, 4).length, 5);
  broken.fill(0xff, batchHeaderBytes, batchHeaderBytes + 6);
  assert.throws(() => visited(broken, 0, 4), WireError);
});

test('a batch says under which leader it was written', () => {
  const copy = Buffer.from(encoded);
  assert.equal(leaderEpochOf(readBatches(copy)[0]!), -1);
  copy.writeInt32BE(7, 12);
  assert.equal(leaderEpochOf(readBatches(copy)[0]!), 7);
});
