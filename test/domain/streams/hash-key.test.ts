import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  evenRanges,
  hashKeyMax,
  hashKeyOf,
  parseHashKey,
} from '../../../src/domain/streams/hash-key.ts';

test('a partition key hashes to MD5 of its UTF-8 bytes, as an unsigned 128-bit number', () => {
  assert.equal(hashKeyOf('a'), 0x0cc175b9c0f1b6a831c399e269772661n);
  assert.equal(hashKeyOf('é'), hashKeyOf(Buffer.from([0xc3, 0xa9])));
  assert.equal(hashKeyOf('b') > 1n << 127n, true);
});

test('even ranges have step floor(2^128/n), touch each other, and the last takes the rest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (count) => {
      const ranges = evenRanges(count);
      const step = (1n << 128n) / BigInt(count);
      assert.equal(ranges.length, count);
      assert.equal(ranges.at(-1)!.endingHashKey, hashKeyMax);
      ranges.forEach(({ startingHashKey, endingHashKey }, index) => {
        assert.equal(startingHashKey, step * BigInt(index));
        if (index < count - 1) assert.equal(endingHashKey, ranges[index + 1]!.startingHashKey - 1n);
      });
    }),
    { numRuns: 20 },
  );
});

test('hash keys are read in decimal without leading zeros, and not above 2^128 - 1', () => {
  assert.equal(parseHashKey('0'), 0n);
  assert.equal(parseHashKey(String(hashKeyMax)), hashKeyMax);
  for (const wrong of ['', '01', '-1', '1.5', '0x1', ' 1', String(hashKeyMax + 1n)]) {
    assert.equal(parseHashKey(wrong), undefined, wrong);
  }
});
