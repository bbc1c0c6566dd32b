import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  array,
  bool,
  decodeMessage,
  encodeMessage,
  type Field,
  type Fields,
  type Message,
  message,
  type Unread,
  unreadArray,
} from '../../src/wire/message.ts';
import { WireError } from '../../src/wire/primitives.ts';
import { allTables, arbitraryOf, extremeOf, extremes, versionsOf } from '../support/wire-values.ts';

/** Runs for each table and version: there are more than 500 of them. */
const runsEach = 15;

for (const table of allTables) {
  test(`${table.name}: decoding gives back what was encoded, in every version`, () => {
    for (const version of versionsOf(table)) {
      for (const extreme of extremes) {
        const value = extremeOf(table, version, extreme);
        const encoded = encodeMessage(table, version, value);
        assert.deepEqual(decodeMessage(table, version, encoded), value);
      }
      fc.assert(
        fc.property(arbitraryOf(table, version), (value) => {
          const encoded = encodeMessage(table, version, value);
          assert.deepEqual(decodeMessage(table, version, encoded), value);
        }),
        { numRuns: runsEach },
      );
    }
  });
}

/** A message with values of another table, as they are there in each of its versions. */
function manyOf<F extends Field<unknown, unknown>>(table: Message, values: F) {
  const { name, versionMin, versionMax, flexibleSince: flexible } = table;
  return message(
    name,
    { versions: [versionMin, versionMax], flexible },
    { before: bool(), values },
  );
}

for (const table of allTables) {
  test(`${table.name}: what is passed over is given back, and read, in every version`, () => {
    // Elements of no bytes are refused: a frame could have any number of them.
    const fields: Fields = { ...table.fields, last: bool() };
    const read = manyOf(table, array(fields));
    const passed = manyOf(table, unreadArray(fields));
    for (const version of versionsOf(table)) {
      const check = (each: readonly Record<string, unknown>[]) => {
        const values = each as never;
        const encoded = encodeMessage(read, version, { before: true, values });
        const found = decodeMessage(passed, version, encoded);
        const unread = found.values as unknown as Unread;
        assert.equal(unread.count, each.length);
        assert.deepEqual(unread.read(), each);
        assert.ok(encodeMessage(passed, version, found).equals(encoded));
        assert.ok(encodeMessage(passed, version, { before: true, values }).equals(encoded));
        const cut = encoded.subarray(0, -1);
        assert.throws(() => decodeMessage(passed, version, cut), WireError);
      };
      check([]);
      const withLast = (value: Record<string, unknown>) => ({ ...value, last: true });
      for (const extreme of extremes) check([withLast(extremeOf(table, version, extreme))]);
      const many = fc.array(arbitraryOf(table, version).map(withLast), { maxLength: 3 });
      fc.assert(fc.property(many, check), { numRuns: 5 });
    }
  });
}
