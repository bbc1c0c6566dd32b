import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  caseSafeNameOf,
  companionOf,
  differInCaseOnly,
  groupFilter,
  groupOfLeaseTable,
  leaseTableOf,
  tableOfCaseSafeName,
} from '../../../src/domain/leases/lease-table-names.ts';
import { queueRowsTableOf } from '../../../src/domain/queues/queue-table-name.ts';

const catalog = 'kineska-streams';
const tableName = /^[a-zA-Z0-9_.-]{3,255}$/;

test('a group id that can be a table name is the name of its table', () => {
  for (const groupId of ['orders', 'my-app.v2', 'a_b', 'x'.repeat(255)]) {
    assert.equal(leaseTableOf(groupId, catalog), groupId);
    assert.equal(groupOfLeaseTable(groupId, catalog), groupId);
  }
});

test('no group has a table that the gateway keeps other things in', () => {
  for (const table of [catalog, queueRowsTableOf(catalog)]) {
    assert.notEqual(leaseTableOf(table, catalog), table);
    assert.equal(groupOfLeaseTable(table, catalog), undefined);
  }
});

test('every group has a table of its own that tells the group', () => {
  const ids = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constantFrom('', 'a', catalog, 'app-CoordinatorState', 'app-WorkerMetricStats'),
    fc.constant(queueRowsTableOf(catalog)),
    fc.string({ maxLength: 9 }).map((rest) => `kineska-group.${rest}`),
    fc.string({ maxLength: 9 }).map((rest) => `kineska-group-hash.${rest}`),
    fc.string({ maxLength: 9 }).map((rest) => `Kineska-Group-Case.${rest}`),
  );
  fc.assert(
    fc.property(ids.filter(isText), (groupId) => {
      const table = leaseTableOf(groupId, catalog);
      assert.match(table, tableName);
      assert.equal(groupOfLeaseTable(table, catalog), groupId);
    }),
    { numRuns: 2_000 },
  );
});

/** Kafka's ids are UTF-8: halves of surrogate pairs cannot come. */
function isText(groupId: string): boolean {
  return Buffer.from(groupId).toString() === groupId;
}

test('other names of tables differ in more than case, and tell their tables', () => {
  const names = fc.oneof(
    fc.stringMatching(/^[a-zA-Z]{3,6}$/),
    fc.stringMatching(/^[a-zA-Z0-9_.-]{3,40}$/),
    fc.string({ maxLength: 20 }).map((groupId) => leaseTableOf(groupId, catalog)),
  );
  fc.assert(
    fc.property(names, names, fc.func(fc.boolean()), (one, another, isCapital) => {
      const swapped = [...one]
        .map((letter, at) => (isCapital(at) ? letter.toUpperCase() : letter.toLowerCase()))
        .join('');
      for (const other of [another, swapped]) {
        const [first, second] = [caseSafeNameOf(one), caseSafeNameOf(other)];
        assert.match(first, tableName);
        assert.equal(tableOfCaseSafeName(first), one);
        assert.equal(differInCaseOnly(first, second), false);
        assert.equal(first === second, one === other);
        // No group has it by right, however its capitals stand.
        assert.notEqual(leaseTableOf(first, catalog), first);
        assert.notEqual(leaseTableOf(first.toUpperCase(), catalog), first.toUpperCase());
      }
    }),
    { numRuns: 2_000 },
  );
  assert.equal(caseSafeNameOf('Orders'), 'kineska-group-case..4frders');
  assert.equal(caseSafeNameOf('orders'), 'kineska-group-case.orders');
  assert.equal(tableOfCaseSafeName('kineska-group-case.Orders'), undefined);
  assert.match(caseSafeNameOf('X'.repeat(255)), tableName);
});

test('an id that fits no table name gets a hash, each its own', () => {
  const one = leaseTableOf('ä'.repeat(200), catalog);
  const other = leaseTableOf('ö'.repeat(200), catalog);
  assert.match(one, tableName);
  assert.notEqual(one, other);
  assert.equal(groupOfLeaseTable(one, catalog), undefined);
});

test('a table has no companions whose names would be too long', () => {
  const suffix = '-CoordinatorState';
  assert.equal(companionOf('orders', suffix), 'orders-CoordinatorState');
  assert.match(companionOf('x'.repeat(255 - suffix.length), suffix) ?? '', tableName);
  assert.equal(companionOf('x'.repeat(256 - suffix.length), suffix), undefined);
});

test('tables of other things are no groups', () => {
  for (const table of [catalog, 'app-CoordinatorState', 'app-WorkerMetricStats']) {
    assert.equal(groupOfLeaseTable(table, catalog), undefined);
    assert.notEqual(leaseTableOf(table, catalog), table);
  }
  assert.equal(groupOfLeaseTable('kineska-group.not%escaped', catalog), undefined);
  assert.equal(groupOfLeaseTable('kineska-group.orders', catalog), undefined);
});

test('the first pattern that fits decides whether a group has a table', () => {
  const cases: readonly [patterns: string, groupId: string, has: boolean][] = [
    ['*', 'anything', true],
    ['', 'anything', false],
    ['!*', 'anything', false],
    ['!console-*', 'console-1', false],
    ['!console-*', 'orders', true],
    ['!console-*,orders*', 'payments', false],
    ['orders*,payments', 'orders-2', true],
    ['orders*,payments', 'payments-2', false],
    ['a.b', 'axb', false],
  ];
  for (const [patterns, groupId, has] of cases) {
    assert.equal(groupFilter(patterns)(groupId), has, `${patterns} for ${groupId}`);
  }
});
