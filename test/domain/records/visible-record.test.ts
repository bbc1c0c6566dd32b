import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { toOffset } from '../../../src/domain/streams/stream.ts';
import { dataOf, partitionKeyOf } from '../../../src/domain/records/visible-record.ts';

const offset = toOffset(1234n);

function binary(size: number): Buffer {
  return Buffer.alloc(size, 0xff);
}

test('a record with no key has its offset for a partition key', () => {
  assert.equal(partitionKeyOf(null, offset), '1234');
});

test('a key of UTF-8 text is the partition key', () => {
  for (const text of ['a', 'Zürich', '汉字', '🎈', '\ufffd', 'x'.repeat(256), '汉'.repeat(256)]) {
    assert.equal(partitionKeyOf(Buffer.from(text), offset), text);
  }
});

test('a key that is no UTF-8, or empty, is shown in base64', () => {
  assert.equal(partitionKeyOf(Buffer.from([0xff, 0xfe]), offset), 'base64://4=');
  assert.equal(partitionKeyOf(Buffer.alloc(0), offset), 'base64:');
});

test('a long key is shown in base64 while that fits, and else as its MD5', () => {
  assert.equal(partitionKeyOf(binary(186), offset).length, 7 + 248);
  const md5 = createHash('md5').update(binary(187)).digest('hex');
  assert.equal(partitionKeyOf(binary(187), offset), `md5:${md5}`);
  const text = Buffer.from('x'.repeat(257));
  assert.equal(partitionKeyOf(text, offset), `md5:${createHash('md5').update(text).digest('hex')}`);
});

test('every key gives a partition key that Kinesis allows', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (key) => {
      const shown = partitionKeyOf(Buffer.from(key), offset);
      assert.ok(shown.length >= 1 && shown.length <= 256);
    }),
  );
});

test('a null value is empty data, any other is the data itself', () => {
  const value = Buffer.from('v');
  assert.equal(dataOf(null).length, 0);
  assert.equal(dataOf(value), value);
});
