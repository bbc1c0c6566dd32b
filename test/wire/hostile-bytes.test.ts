/** What comes from the network is refused by WireError alone, and never fills the memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { readRequestHeader } from '../../src/wire/header.ts';
import {
  array,
  decodeMessage,
  encodeMessage,
  type Field,
  type Fields,
  int8,
  type Message,
  message,
  string,
} from '../../src/wire/message.ts';
import { elementsMax, Reader, skipTags, WireError, Writer } from '../../src/wire/primitives.ts';
import {
  allowsNull,
  allTables,
  arbitraryOf,
  defaultOf,
  isIn,
  versionsOf,
} from '../support/wire-values.ts';

/** Runs for each table and version: there are more than 500 of them. */
const runsEach = 15;

function refusesOrDecodes(table: Message, version: number, bytes: Buffer): void {
  try {
    decodeMessage(table, version, bytes);
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
  }
}

type Damage = { readonly at: number; readonly bytes: Uint8Array; readonly keep: number };
/** Bytes overwritten at a place, often with what reads as a huge length; then cut off. */
const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc.constantFrom(
      Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
      Uint8Array.of(0x80, 0, 0, 0),
      Uint8Array.of(0x7f, 0xff),
    ),
  ),
  keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
});

function damaged(good: Buffer, { at, bytes, keep }: Damage): Buffer {
  const bad = Buffer.from(good);
  Buffer.from(bytes).copy(bad, Math.floor(at * bad.length));
  return bad.subarray(0, Math.ceil(keep * bad.length));
}

for (const table of allTables) {
  test(`${table.name}: hostile bytes throw a WireError and nothing else`, () => {
    for (const version of versionsOf(table)) {
      fc.assert(
        fc.property(arbitraryOf(table, version), damage, (value, how) => {
          refusesOrDecodes(table, version, damaged(encodeMessage(table, version, value), how));
        }),
        { numRuns: runsEach },
      );
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
          refusesOrDecodes(table, version, Buffer.from(bytes));
        }),
        { numRuns: runsEach },
      );
    }
  });
}

test('a hostile request header throws a WireError and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      try {
        const reader = new Reader(Buffer.from(bytes));
        readRequestHeader(reader);
        skipTags(reader);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }),
  );
});

/** What the decoded form of a frame may take for each of its bytes. */
const heapBytesPerByteMax = 64;
const elements = 4_000;

test('no frame decodes to more than a small multiple of its size', () => {
  const wrong: string[] = [];
  let worst = { ratio: 0, decode: (): unknown => undefined, estimate: 0 };
  for (const table of allTables) {
    const version = table.versionMax;
    for (const [path, value] of densest(table, version)) {
      const frame = encodeMessage(table, version, value);
      const decode = () => decodeMessage(table, version, frame);
      const estimate = memoryOf(decode());
      const ratio = estimate / frame.length;
      if (ratio > heapBytesPerByteMax) wrong.push(`${table.name} ${path}: ${ratio}`);
      if (ratio > worst.ratio) worst = { ratio, decode, estimate };
    }
  }
  assert.deepEqual(wrong, []);
  // The estimate is checked against the heap where it is largest.
  assert.ok(heapBytesOf(worst.decode) <= worst.estimate);
});

/** What a decoded value takes of V8's heap. */
function memoryOf(value: unknown): number {
  if (typeof value === 'bigint') return 24;
  if (typeof value === 'number') return Number.isInteger(value) ? 0 : 16;
  if (typeof value === 'string') return value === '' ? 0 : 24 + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 0;
  if (Buffer.isBuffer(value)) return value.length === 0 ? 0 : 128;
  const inner = Object.values(value);
  let bytes = Array.isArray(value) ? arrayBytes(inner.length) : objectBytes(inner.length);
  for (const each of inner) bytes += memoryOf(each);
  return bytes;
}

/** The slots of an array grow by half. */
const arrayBytes = (length: number) => (length === 0 ? 32 : 48 + 12 * length + 128);
/** An object starts with room for four fields, and gets room for three at a time. */
const objectBytes = (fields: number) => (fields <= 4 ? 56 : 72 + 24 * Math.ceil((fields - 4) / 3));

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytesOf(make: () => unknown): number {
  const copies = 50;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const made = Array.from({ length: copies }, make);
  collectGarbage();
  const bytes = process.memoryUsage().heapUsed - before;
  assert.equal(made.length, copies);
  return bytes / copies;
}

/** For each array of a table, the frame that is nothing but its smallest elements. */
function densest(table: Message, version: number): [path: string, value: Value][] {
  const frames: [string, Value][] = [];
  const visit = (fields: Fields, path: string, wrap: (value: Value) => Value) => {
    for (const [name, field] of Object.entries(fields)) {
      if (field.kind !== 'array' || !isIn(field, version)) continue;
      const smallest = smallestOf(fields, version);
      const many = new Array<unknown>(elements).fill(smallestOfKind(field.element!, version));
      frames.push([path + name, wrap({ ...smallest, [name]: many })]);
      if (field.element!.fields === undefined) continue;
      visit(field.element!.fields, `${path}${name}.`, (value) =>
        wrap({ ...smallest, [name]: [value] }),
      );
    }
  };
  visit(table.fields, '', (value) => value);
  return frames;
}

type Value = Record<string, unknown>;

function smallestOf(fields: Fields, version: number): Value {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const isWritten = isIn(field, version) && field.options.tag === undefined;
      if (!isWritten) return [name, defaultOf(field)];
      const isNull = field.kind === 'struct' && allowsNull(field, version);
      return [name, isNull ? null : smallestOfKind(field, version)];
    }),
  );
}

function smallestOfKind(field: Field, version: number): unknown {
  if (field.kind === 'struct') return smallestOf(field.fields!, version);
  if (field.kind === 'records') return Buffer.alloc(0);
  return defaultOf({ kind: field.kind, options: {} });
}

const listOfBytes = message(
  'ListOfBytes',
  { versions: [0, 0], flexible: 0 },
  { values: array({ text: string() }), last: int8() },
);

test('a message of more elements than any cluster needs is refused', () => {
  const writer = new Writer();
  writer.uvarint(elementsMax + 2);
  const frame = Buffer.concat([writer.toBuffer(), Buffer.alloc(2 * elementsMax + 100, 1)]);
  assert.throws(() => decodeMessage(listOfBytes, 0, frame), /more than 5000000 elements/);
});

test('unknown tags are passed over, and tags out of order are refused', () => {
  const writer = new Writer();
  writer.uvarint(1);
  writer.int8(0);
  const start = writer.toBuffer();
  const decode = (...tags: number[]) => {
    const block = Buffer.from([tags.length, ...tags.flatMap((tag) => [tag, 0])]);
    return decodeMessage(listOfBytes, 0, Buffer.concat([start, block]));
  };
  assert.equal(decode(1, 5).last, 0);
  assert.throws(() => decode(5, 1), WireError);
  assert.throws(() => decode(5, 5), WireError);
});
