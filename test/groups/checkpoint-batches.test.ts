/** How changes of checkpoints share calls; commits.test.ts shows that the table takes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointCalls } from '../../src/groups/checkpoint-batches.ts';
import { noOffset, trimHorizon } from '../../src/domain/leases/leases.ts';
import { GatewayError, isGatewayError } from '../../src/domain/errors.ts';
import type { CheckpointChange } from '../../src/ports/lease-tables.ts';

function changeOf(key: string): CheckpointChange {
  const seen = { checkpoint: trimHorizon, position: noOffset, committed: noOffset };
  const stream = { name: 'orders', createdAtSeconds: 1 };
  const rest = { childShardIds: [], evict: false, byMember: true };
  return { key, checkpoint: trimHorizon, seen, stream, ...rest };
}

type Call = { readonly keys: readonly string[]; end(): void; fail(error: unknown): void };

/** Calls that end when the test says so; a key with an x is one whose condition does not hold. */
function slowCalls() {
  const calls: Call[] = [];
  const clock = { ms: 0 };
  const set = new CheckpointCalls(
    (changes) =>
      new Promise((resolve, reject) => {
        const keys = changes.map(({ key }) => key);
        const end = () => resolve(keys.map((key) => !key.includes('x')));
        calls.push({ keys, end, fail: reject });
      }),
    () => clock.ms,
  );
  const keysOf = () => calls.map(({ keys }) => keys.join(' '));
  return { calls, clock, keysOf, set: (key: string) => set.set(changeOf(key)) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const slowMs = 30;

test('each change is a call of its own while calls are quick', async () => {
  const { calls, keysOf, set } = slowCalls();
  const done = ['a', 'b', 'c'].map(set);
  assert.deepEqual(keysOf(), ['a', 'b', 'c']);
  for (const { end } of calls) end();
  await Promise.all(done);
});

test('calls that wait behind slow ones share the next, and each gets its own result', async () => {
  const { calls, clock, keysOf, set } = slowCalls();
  const first = set('a');
  clock.ms += slowMs;
  calls[0]!.end();
  await first;
  const done = ['b', 'c', 'd', 'x', 'e'].map(set);
  assert.deepEqual(keysOf(), ['a', 'b', 'c'], 'at most two are in flight');
  calls[1]!.end();
  await turn();
  assert.deepEqual(keysOf(), ['a', 'b', 'c', 'd x e']);
  calls[2]!.end();
  calls[3]!.end();
  const outcomes = await Promise.allSettled(done);
  const isConflict = (error: unknown) => isGatewayError(error, 'conflict');
  assert.deepEqual(
    outcomes.map((each) => each.status === 'fulfilled' || isConflict(each.reason)),
    [true, true, true, true, true],
  );
  assert.equal(outcomes[3]!.status, 'rejected');
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 1);
  // Nothing waited, and the last one was quick: again one by one.
  const after = ['f', 'g', 'h'].map(set);
  assert.deepEqual(keysOf().slice(4), ['f', 'g', 'h']);
  for (const { end } of calls.slice(4)) end();
  await Promise.all(after);
});

test('all that share a failed call get its error, and the next one continues', async () => {
  const { calls, clock, set } = slowCalls();
  const first = set('a');
  clock.ms += slowMs;
  calls[0]!.end();
  await first;
  const done = ['b', 'c', 'd', 'e'].map(set);
  for (const { end } of calls.slice(1)) end();
  await turn();
  calls[3]!.fail(new GatewayError('unavailable', 'no answer'));
  const [b, c, d, e] = await Promise.allSettled(done);
  assert.deepEqual([b!.status, c!.status], ['fulfilled', 'fulfilled']);
  for (const each of [d!, e!]) {
    assert.ok(each.status === 'rejected' && isGatewayError(each.reason, 'unavailable'));
  }
  const last = set('f');
  calls.at(-1)!.end();
  await last;
});
