import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Queue, QueueStart } from '../../../src/domain/queues/queue.ts';
import {
  activated,
  attributesWith,
  deleting,
  newQueue,
  queueIdOf,
  startsOf,
  updated,
  updating,
  wantedLockMs,
} from '../../../src/domain/queues/queue-changes.ts';
import { newStream } from '../../../src/domain/streams/stream-rules.ts';
import { toOffset } from '../../../src/domain/streams/stream.ts';
import { isGatewayError } from '../../../src/domain/errors.ts';

const nowMs = 1_795_000_000_123;
const hourMs = 3_600_000;
const latest: QueueStart = { type: 'LATEST' };

function queueFrom(start: QueueStart, streamAgeMs: number): Queue {
  const stream = newStream(
    { name: 'orders', shardCount: 2, mode: 'ON_DEMAND' },
    nowMs - streamAgeMs,
  );
  const attributes = { visibilitySeconds: 30, receivesMax: 6 };
  const offsets = [toOffset(7n), toOffset(2n ** 63n - 1n)];
  return newQueue({ name: 'jobs', start, attributes, tags: {} }, 'jobs-1', stream, offsets, nowMs);
}

/** Source: isValidHostLabel, which the endpoint rules of botocore's Kinesis data ask for. */
test('the id of a queue with any name is a label of a host name', () => {
  const ids: readonly [name: string, id: string][] = [
    ['jobs', 'jobs-0123abcd'],
    ['Big-Jobs_2.x', 'Big-Jobs-2-x-0123abcd'],
    ['.', 'queue-0123abcd'],
    ['-', 'queue-0123abcd'],
    ['_a_', 'a--0123abcd'],
    ['x'.repeat(128), `${'x'.repeat(54)}-0123abcd`],
  ];
  for (const [name, id] of ids) {
    assert.equal(queueIdOf(name, '0123abcd'), id);
    assert.match(id, /^(?!-)[a-zA-Z\d-]{1,63}(?<!-)$/);
  }
});

test('a new queue keeps the positions that its share group begins with', () => {
  const queue = queueFrom(latest, hourMs);
  assert.equal(queue.status, 'CREATING');
  assert.deepEqual(
    startsOf(queue),
    new Map([
      [0, 7n],
      [1, 2n ** 63n - 1n],
    ]),
  );
  const active = activated(queue, 15_000);
  assert.deepEqual([active.status, active.lockMs, active.shardCount], ['ACTIVE', 15_000, 2]);
  assert.ok(!('firstOffsets' in active));
});

/** Source: QueueStartingPosition of the service model. */
test('the effective start is not before the stream can be read from', () => {
  const at = (timestampMs: number): QueueStart => ({ type: 'AT_TIMESTAMP', timestampMs });
  const dayMs = 24 * hourMs;
  const starts: readonly [start: QueueStart, streamAgeMs: number, shown: number][] = [
    [latest, hourMs, nowMs],
    [{ type: 'TRIM_HORIZON' }, hourMs, nowMs - hourMs],
    [{ type: 'TRIM_HORIZON' }, 30 * dayMs, nowMs - dayMs],
    [at(nowMs - 5), hourMs, nowMs - 5],
    [at(0), hourMs, nowMs - hourMs],
    [at(0), 30 * dayMs, nowMs - dayMs],
  ];
  for (const [start, streamAgeMs, shown] of starts) {
    assert.equal(queueFrom(start, streamAgeMs).startsAtMs, shown, JSON.stringify(start));
  }
});

test('attributes that are not given stay, and dead letters can be turned off and on', () => {
  const attributes = { visibilitySeconds: 30, receivesMax: 6 };
  assert.deepEqual(attributesWith(attributes, {}), attributes);
  assert.deepEqual(attributesWith(attributes, { visibilitySeconds: 0 }), {
    visibilitySeconds: 0,
    receivesMax: 6,
  });
  const without = attributesWith(attributes, { receivesMax: undefined });
  assert.deepEqual(without, { visibilitySeconds: 30 });
  assert.deepEqual(attributesWith(without, { visibilitySeconds: 5 }), { visibilitySeconds: 5 });
  assert.deepEqual(attributesWith(without, { receivesMax: 1 }), {
    visibilitySeconds: 30,
    receivesMax: 1,
  });
});

test('the lock is unknown exactly while the visibility timeout changes', () => {
  const active = activated(queueFrom(latest, hourMs), 30_000);
  const same = updating(active, { visibilitySeconds: 30, receivesMax: 3 });
  assert.deepEqual([same.status, same.lockMs], ['UPDATING', 30_000]);
  assert.equal(updated(same).lockMs, 30_000);
  const other = updating(active, { visibilitySeconds: 45 });
  assert.deepEqual([other.status, other.lockMs, wantedLockMs(other)], ['UPDATING', 0, 46_000]);
  assert.deepEqual(
    [updated(other, 46_000).status, updated(other, 46_000).lockMs],
    ['ACTIVE', 46_000],
  );
});

test('only an ACTIVE queue is updated; one in any state is deleted, once', () => {
  const creating = queueFrom(latest, hourMs);
  const active = activated(creating, 30_000);
  const isRefused = (error: unknown) => isGatewayError(error, 'in-use');
  for (const queue of [creating, updating(active, {}), deleting(active)]) {
    assert.throws(() => updating(queue, {}), isRefused, queue.status);
    assert.equal(deleting(queue).status, 'DELETING');
  }
  assert.ok(!('firstOffsets' in deleting(creating)));
  const gone = deleting(active);
  assert.equal(deleting(gone), gone);
});
