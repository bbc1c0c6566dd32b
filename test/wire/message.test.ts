import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
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
