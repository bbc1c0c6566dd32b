/** The checker of queues' call logs finds what it should, in logs that are made by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertEnds,
  historiesOf,
  type QueueLine,
  violationsIn,
} from '../support/checks/queue-history.ts';

const rules = { visibilitySeconds: 10, receivesMax: 2, clockMs: 0 };

const received = (handle: string, count: number, start: number, visibility: number | null = null) =>
  ({
    op: 'receive_queue_records',
    start,
    end: start + 10,
    visibility,
    records: [{ handle, id: '1', value: 'value.1', count, first: start + 5 }],
  }) satisfies QueueLine;

const settled = (op: string, handle: string, start: number, visibility: number | null = null) =>
  ({
    op,
    start,
    end: start + 10,
    handles: [handle],
    visibility: [visibility],
    done: [handle],
    failed: {},
  }) satisfies QueueLine;

const violations = (...lines: QueueLine[]): string[] =>
  violationsIn(historiesOf(lines, rules), rules).map(({ what }) => what);

test('a record that comes again after its time violates nothing', () => {
  assert.deepEqual(violations(received('a', 1, 0), received('b', 2, 10_100)), []);
});

test('a record that comes again within its time is found', () => {
  assert.deepEqual(violations(received('a', 1, 0), received('b', 2, 9_000)), [
    'received while in flight',
  ]);
  const shorter = received('a', 1, 0, 2);
  assert.deepEqual(violations(shorter, received('b', 2, 9_000)), []);
});

test('more time, less time and a record that is given back are considered', () => {
  const extend = 'update_queue_records_visibility';
  const first = received('a', 1, 0);
  assert.deepEqual(violations(first, settled(extend, 'a', 5_000, 10), received('b', 2, 11_000)), [
    'received while in flight',
  ]);
  assert.deepEqual(violations(first, settled(extend, 'a', 100, 1), received('b', 2, 2_000)), []);
  assert.deepEqual(violations(first, settled(extend, 'a', 100, 0), received('b', 2, 200)), []);
});

test('a record that comes after it was acknowledged is found', () => {
  const acknowledged = settled('acknowledge_queue_records', 'a', 100);
  assert.deepEqual(violations(received('a', 1, 0), acknowledged, received('b', 2, 20_000)), [
    'received after it was acknowledged',
  ]);
});

test('counts that do not grow, or grow too far, are found', () => {
  assert.deepEqual(violations(received('a', 1, 0), received('b', 1, 20_000)), ['not counted']);
  assert.deepEqual(violations(received('a', 3, 0)), ['received too often']);
});

test('a call that failed proves nothing', () => {
  const failed: QueueLine = {
    op: 'acknowledge_queue_records',
    start: 100,
    end: 110,
    handles: ['a'],
    visibility: [null],
  };
  assert.deepEqual(violations(received('a', 1, 0), failed, received('b', 2, 200)), []);
});

test('records without an end are found, and ends that contradict each other', () => {
  const once = historiesOf([received('a', 1, 0)], rules);
  const acknowledged = historiesOf(
    [received('a', 1, 0), settled('acknowledge_queue_records', 'a', 100)],
    rules,
  );
  assert.doesNotThrow(() => assertEnds(['value.1'], acknowledged, new Set()));
  assert.doesNotThrow(() => assertEnds(['value.1'], once, new Set(['value.1'])));
  assert.throws(() => assertEnds(['value.1'], once, new Set()), /neither acknowledged nor dead/);
  assert.throws(() => assertEnds(['value.2'], once, new Set()), /no receiver got/);
  const both = () => assertEnds(['value.1'], acknowledged, new Set(['value.1']));
  assert.throws(both, /acknowledged and are dead/);
});
