import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  dueAtOf,
  placeOf,
  rowIn,
  storedRowOf,
} from '../../../adapters/dynamodb/queue-record-rows.ts';
import { isGatewayError } from '../../../src/domain/errors.ts';
import { toOffset } from '../../../src/domain/streams/stream.ts';
import type { QueueRow } from '../../../src/ports/queue-rows.ts';

const offsets = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(toOffset);
const shards = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const times = fc.maxSafeNat();
const rows: fc.Arbitrary<QueueRow> = fc.record(
  {
    shard: shards,
    offset: offsets,
    state: fc.constantFrom('live', 'dead', 'done'),
    visibleAtMs: times,
    receiveCount: fc.integer({ min: 0, max: 100_000 }),
    firstReceivedAtMs: times,
    receipt: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(base64),
    expiresAtMs: times,
  },
  { noNullPrototype: true },
);

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

const internal = (error: unknown): boolean => isGatewayError(error, 'internal');

test('a row is read as it was stored', () => {
  fc.assert(fc.property(rows, (row) => assert.deepEqual(rowIn(storedRowOf('orders', row)), row)));
});

test('keys are ordered as text as their numbers are, up to the largest ones', () => {
  const places = fc.record({ shard: shards, offset: offsets });
  fc.assert(
    fc.property(places, places, times, times, (one, other, early, late) => {
      const isBefore =
        one.shard < other.shard || (one.shard === other.shard && one.offset < other.offset);
      assert.equal(placeOf(one) < placeOf(other), isBefore);
      assert.equal(dueAtOf('live', early) < dueAtOf('live', late), early < late);
    }),
  );
  const last = { shard: 2 ** 31 - 1, offset: toOffset(2n ** 63n - 1n) };
  assert.equal(placeOf(last), '2147483647#9223372036854775807');
  assert.equal(placeOf({ shard: 3, offset: toOffset(42n) }), '0000000003#0000000000000000042');
  assert.equal(dueAtOf('dead', Number.MAX_SAFE_INTEGER), 'dead#9007199254740991');
});

test('DynamoDB deletes a row in the second after it has expired, not earlier', () => {
  const row = fc.sample(rows, 1)[0]!;
  const secondsOf = (expiresAtMs: number) =>
    storedRowOf('orders', { ...row, expiresAtMs })['expiresAtSeconds']?.N;
  assert.equal(secondsOf(1_795_881_056_000), '1795881056');
  assert.equal(secondsOf(1_795_881_056_001), '1795881057');
});

test('what cannot be part of a key is refused', () => {
  assert.throws(() => placeOf({ shard: 0, offset: toOffset(-1n) }), internal);
  assert.throws(() => placeOf({ shard: 0.5, offset: toOffset(1n) }), internal);
  assert.throws(() => dueAtOf('live', -1), internal);
  assert.throws(() => dueAtOf('live', Number.NaN), internal);
  assert.throws(() => dueAtOf('live', 1e16), internal);
});

test('a row of another make is an internal error', () => {
  const stored = storedRowOf('orders', fc.sample(rows, 1)[0]!);
  assert.throws(() => rowIn({ ...stored, dueAt: { S: 'gone#1' } }), internal);
  assert.throws(() => rowIn({ ...stored, place: { S: 'anywhere' } }), internal);
});
