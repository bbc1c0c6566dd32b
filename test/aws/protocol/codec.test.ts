import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'cbor-x';
import * as fc from 'fast-check';
import { Base64Reader } from '../../../src/aws/protocol/base64.ts';
import { decodeBody, sourceOf } from '../../../src/aws/protocol/codec.ts';
import { SerializationError } from '../../../src/aws/protocol/errors.ts';
import type { Format } from '../../../src/aws/protocol/source.ts';
import { echo } from '../kinesis/door.ts';

const reader = new Base64Reader(0);

function refused(bytes: Buffer, format: Format): void {
  assert.throws(() => decodeBody(bytes, format), SerializationError);
}

test('malformed JSON, text that is not UTF-8, and what is no object, are refused', () => {
  for (const text of ['', '{', '{"a":}', "{'a':1}", 'null', 'true', '3', '"text"', '{}{}']) {
    refused(Buffer.from(text), 'json');
  }
  refused(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'json');
  assert.deepEqual(decodeBody(Buffer.from('{"ä":"\u{1f600}"}'), 'json'), { ä: '\u{1f600}' });
});

test('nesting and the number of lists are bounded, brackets in strings are not', () => {
  refused(Buffer.from('['.repeat(5_000_000)), 'json');
  refused(Buffer.from('{"a":'.repeat(100_000)), 'json');
  refused(Buffer.from(`[${'[],'.repeat(100_000)}[]]`), 'json');
  refused(Buffer.alloc(1_000_000, 0x81), 'cbor');
  refused(Buffer.alloc(1_000_000, 0x9f), 'cbor');
  const brackets = '[{'.repeat(100_000);
  const body = Buffer.from(JSON.stringify({ Text: `${brackets}\\"\\\\` }));
  assert.deepEqual(decodeBody(body, 'json'), { Text: `${brackets}\\"\\\\` });
});

test('CBOR that promises more than it brings is refused before anything is allocated', () => {
  for (const hex of [
    '9b7fffffffffffffff',
    '9a7fffffff',
    'bb00000000ffffffff',
    '5a7fffffff',
    '7bffffffffffffffff',
  ]) {
    refused(Buffer.from(hex, 'hex'), 'cbor');
    refused(Buffer.concat([Buffer.from('a16161', 'hex'), Buffer.from(hex, 'hex')]), 'cbor');
  }
});

test('CBOR with extension tags, keys that are not text, or trailing bytes, is refused', () => {
  const extensions = [
    new Set([1]),
    new Map([[1, 2]]),
    /a/,
    new Error('x'),
    new Float32Array(2),
    2n ** 80n,
  ];
  for (const extension of extensions) refused(Buffer.from(encode({ a: extension })), 'cbor');
  for (const hex of [
    'a10102',
    'a1416101',
    'a0a0',
    'ff',
    'a161',
    'bf6161ff',
    'd9dfff8161',
    'd8698101',
    'c0',
    'a16161c06130',
    'a16161f8',
    'fc',
  ]) {
    refused(Buffer.from(hex, 'hex'), 'cbor');
  }
});

test('CBOR in definite and indefinite lengths, and strings in chunks, means the same', () => {
  const definite = 'a2616182010261626278 79'.replace(' ', '');
  const indefinite = 'bf61619f0102ff61627f61786179ffff';
  for (const hex of [definite, indefinite]) {
    assert.deepEqual(decodeBody(Buffer.from(hex, 'hex'), 'cbor'), { a: [1, 2], b: 'xy' });
  }
  const chunked = decodeBody(Buffer.from('a161615f4101420203ff', 'hex'), 'cbor');
  assert.deepEqual(chunked, { a: Buffer.from([1, 2, 3]) });
  for (const hex of ['a161615f6101ff', 'a161615f5f4101ffff', 'a161617f4101ff', 'a161615f4101']) {
    refused(Buffer.from(hex, 'hex'), 'cbor');
  }
});

test('CBOR numbers of every width are read, and floats of half width', () => {
  const numbers =
    '8a0018181903e81a000f42401b000001a1ee565e7b20390 3e7f93c00fa47c35000fbbff0000000000000';
  const bytes = Buffer.from(`a161 61${numbers}`.replaceAll(' ', ''), 'hex');
  assert.deepEqual(decodeBody(bytes, 'cbor'), {
    a: [0, 24, 1000, 1_000_000, 1_795_000_000_123, -1, -1000, 1, 100_000, -1],
  });
});

function readAnything(bytes: Uint8Array, format: Format): void {
  try {
    const body = Buffer.from(bytes);
    echo.input.read(decodeBody(body, format), sourceOf(body, format));
  } catch (error) {
    assert.ok(error instanceof SerializationError, String(error));
  }
}

test('no bytes at all make the decoder throw anything but its own error', () => {
  const formats = fc.constantFrom<Format>('json', 'cbor');
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), formats, readAnything), {
    numRuns: 3000,
  });
  const mutated = fc
    .tuple(fc.jsonValue(), formats, fc.nat(), fc.nat(255))
    .map(([value, format, at, byte]) => {
      const object = { Entries: [{ Data: value }], Tags: value, Time: value };
      const bytes =
        format === 'json' ? Buffer.from(JSON.stringify(object)) : Buffer.from(encode(object));
      bytes[at % bytes.length] = byte;
      return [bytes, format] as const;
    });
  fc.assert(
    fc.property(mutated, ([bytes, format]) => readAnything(bytes, format)),
    { numRuns: 3000 },
  );
});

test('base64 is read strictly: what is accepted is exactly what encodes back the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AQZaz09+/=-_ \n') }), (text) => {
      const decoded = Buffer.from(text, 'base64');
      if (decoded.toString('base64') === text) assert.deepEqual(reader.read(text), decoded);
      else assert.throws(() => reader.read(text), SerializationError);
    }),
    { numRuns: 5000 },
  );
});
