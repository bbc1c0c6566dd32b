import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Reader, WireError, Writer } from '../../src/wire/primitives.ts';

const int64Max = 2n ** 63n - 1n;

function written(write: (writer: Writer) => void): Reader {
  const writer = new Writer();
  write(writer);
  return new Reader(writer.toBuffer());
}

test('integers outside the range of their type are refused', () => {
  const writer = new Writer();
  for (const value of [NaN, Infinity, 0.5]) {
    assert.throws(() => writer.int8(value), WireError);
    assert.throws(() => writer.int16(value), WireError);
    assert.throws(() => writer.uint16(value), WireError);
    assert.throws(() => writer.int32(value), WireError);
    assert.throws(() => writer.uint32(value), WireError);
    assert.throws(() => writer.uvarint(value), WireError);
    assert.throws(() => writer.varint(value), WireError);
  }
  for (const value of [-0x81, 0x80]) assert.throws(() => writer.int8(value), WireError);
  for (const value of [-0x8001, 0x8000]) assert.throws(() => writer.int16(value), WireError);
  for (const value of [-1, 0x10000]) assert.throws(() => writer.uint16(value), WireError);
  for (const value of [-0x80000001, 0x80000000]) {
    assert.throws(() => writer.int32(value), WireError);
    assert.throws(() => writer.varint(value), WireError);
  }
  for (const value of [-1, 0x100000000]) {
    assert.throws(() => writer.uint32(value), WireError);
    assert.throws(() => writer.uvarint(value), WireError);
  }
  for (const value of [int64Max + 1n, -int64Max - 2n]) {
    assert.throws(() => writer.int64(value), WireError);
    assert.throws(() => writer.varlong(value), WireError);
  }
  assert.throws(() => writer.uuid('short'), WireError);
});

test('variable-length integers are read as they were written, over their whole range', () => {
  const edges = [0, 1, 127, 128, 0x7fffffff, 0x80000000, 0xffffffff];
  for (const value of edges) {
    assert.equal(written((writer) => writer.uvarint(value)).uvarint(), value);
  }
  fc.assert(
    fc.property(fc.integer(), (value) => {
      assert.equal(written((writer) => writer.varint(value)).varint(), value);
    }),
  );
  const long = fc.bigInt({ min: -int64Max - 1n, max: int64Max });
  const small = fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n });
  fc.assert(
    fc.property(fc.oneof(long, small), (value) => {
      assert.equal(written((writer) => writer.varlong(value)).varlong(), value);
      const reader = written((writer) => writer.varlong(value));
      assert.equal(reader.varlongAsNumber(), Number(value));
      assert.equal(reader.remaining, 0);
    }),
  );
});

const ones = (count: number) => new Reader(Buffer.alloc(count, 0xff));

test('variable-length integers that are too long or cut off are refused', () => {
  assert.throws(() => ones(5).uvarint(), WireError);
  assert.throws(() => ones(4).uvarint(), WireError);
  assert.throws(() => ones(11).varlong(), WireError);
  assert.throws(() => ones(3).varlong(), WireError);
  assert.throws(() => ones(3).varlongAsNumber(), WireError);
  assert.throws(() => ones(20).varlongAsNumber(), WireError);
  assert.throws(() => new Reader(Buffer.of(0xff, 0xff, 0xff, 0xff, 0x1f)).uvarint(), WireError);
});

test('nothing is read past the end', () => {
  const reader = new Reader(Buffer.alloc(10), 0, 1);
  const reads = [
    () => reader.int16(),
    () => reader.uint16(),
    () => reader.int32(),
    () => reader.uint32(),
    () => reader.int64(),
    () => reader.float64(),
    () => reader.uuid(),
    () => reader.string(2),
    () => reader.bytes(2),
    () => reader.bytes(-1),
  ];
  for (const read of reads) assert.throws(read, WireError);
  assert.equal(reader.int8(), 0);
  assert.throws(() => reader.int8(), WireError);
  assert.throws(() => reader.bool(), WireError);
});

test('a writer gives the same bytes whole and in pieces, and large strings by reference', () => {
  const large = Buffer.alloc(5_000, 7);
  const fill = (writer: Writer) => {
    for (let index = 0; index < 300; index++) {
      writer.int32(index);
      writer.bytes(index % 100 === 0 ? large : Buffer.of(index & 0xff));
    }
  };
  const whole = new Writer();
  fill(whole);
  const pieces = new Writer();
  fill(pieces);
  assert.equal(pieces.size, whole.size);
  const finished = pieces.finish();
  assert.ok(finished.includes(large));
  assert.deepEqual(Buffer.concat(finished), whole.toBuffer());
});

test('text that is no UTF-16 or no UTF-8 becomes U+FFFD and stays consistent in length', () => {
  const size = Buffer.byteLength('a\ud800b');
  const reader = written((writer) => writer.string('a\ud800b', size));
  assert.equal(reader.string(size), 'a\ufffdb');
  assert.equal(reader.remaining, 0);
  assert.equal(new Reader(Buffer.of(0x61, 0xff, 0xc3)).string(3), 'a\ufffd\ufffd');
});
