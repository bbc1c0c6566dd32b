import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownerNameOf } from '../../src/domain/leases/lease-owners.ts';
import { type Lease, trimHorizon } from '../../src/domain/leases/leases.ts';
import { LeaseWatch } from '../../src/groups/lease-watch.ts';

const failoverMs = 10_000;
const member = ownerNameOf('client', 'member');

/** A watch, and a clock that only advances when the test says so. */
function watch() {
  let nowMs = 0;
  const made = new LeaseWatch(failoverMs, () => nowMs);
  return { made, pass: (ms: number) => void (nowMs += ms) };
}

function lease(key: string, owner: string | undefined, counter = 0, rest: Partial<Lease> = {}) {
  const owned = owner === undefined ? {} : { owner };
  return { key, checkpoint: trimHorizon, counter, ...owned, ...rest } satisfies Lease;
}

test('a lease is free whose counter stood still for a failover time, and not before', () => {
  const { made, pass } = watch();
  const held = lease('a', 'worker');
  made.see([held]);
  pass(failoverMs - 1);
  assert.equal(made.isFree(held), false);
  pass(1);
  assert.equal(made.isFree(held), true);
  made.see([lease('a', 'worker', 1)]);
  assert.equal(made.isFree(lease('a', 'worker', 1)), false, 'it was renewed');
});

test('the time starts when this gateway sees the owner, whichever owner was before', () => {
  const { made, pass } = watch();
  made.see([lease('a', 'worker')]);
  pass(failoverMs);
  const other = lease('a', 'other');
  assert.equal(made.isFree(other), false, 'nothing was seen of this owner yet');
  made.see([other]);
  pass(failoverMs - 1);
  assert.equal(made.isFree(other), false);
  pass(1);
  assert.equal(made.isFree(other), true);
  made.see([other]);
  made.forget(other);
  made.see([other]);
  assert.equal(made.isFree(other), false, 'it was dropped, and is seen again');
});

test('a lease that nobody has is free, but is left to workers for a while when given back', () => {
  const { made, pass } = watch();
  const free = lease('a', undefined);
  made.see([free]);
  assert.equal(made.isFree(free), true);
  made.leaveToWorkers(free);
  pass(2 * failoverMs - 1);
  assert.equal(made.isFree(free), false);
  pass(1);
  assert.equal(made.isFree(free), true);
  made.leaveToWorkers(free);
  made.see([lease('a', 'worker')]);
  made.see([free]);
  assert.equal(made.isFree(free), true, 'a worker had it meanwhile');
});

test('a worker is in doubt until its counter moves or a failover time is over', () => {
  const { made, pass } = watch();
  const held = lease('a', 'worker');
  assert.equal(made.isInDoubt(held), false, 'nobody has looked yet');
  made.see([held]);
  assert.equal(made.isInDoubt(held), true);
  assert.equal(made.isInDoubt(lease('a', member)), false, 'gateways answer for members');
  made.see([lease('a', 'worker', 1)]);
  assert.equal(made.isInDoubt(lease('a', 'worker', 1)), false);
  made.see([lease('b', 'worker')]);
  pass(failoverMs);
  assert.equal(made.isInDoubt(lease('b', 'worker')), false);
});

test("a lease that is handed over is the worker's until it was silent for too long", () => {
  const { made, pass } = watch();
  const handed = lease('a', member, 0, { checkpointOwner: 'worker' });
  made.see([handed]);
  assert.equal(made.isStillOfWorker(handed), true);
  assert.equal(made.isStillOfWorker(lease('a', 'worker')), false, 'nothing is handed over');
  const toWorker = lease('a', 'worker', 0, { checkpointOwner: member });
  assert.equal(made.isStillOfWorker(toWorker), false);
  pass(failoverMs);
  assert.equal(made.isStillOfWorker(handed), false);
});

test('owners that live are counted, with those that have no lease', () => {
  const { made, pass } = watch();
  const silent = lease('a', 'silent');
  made.see([silent]);
  pass(failoverMs);
  const leases = [silent, lease('b', 'worker'), lease('c', 'worker'), lease('d', undefined)];
  made.see(leases);
  assert.deepEqual(
    made.counts(leases, ['idle']),
    new Map([
      ['idle', 0],
      ['worker', 2],
    ]),
  );
});

test('what was seen of leases that are gone is forgotten', () => {
  const { made, pass } = watch();
  const held = lease('a', 'worker');
  made.see([held]);
  made.see([]);
  pass(failoverMs);
  made.see([held]);
  assert.equal(made.isFree(held), false);
});

test('a worker that fell silent lives again when it reports itself again', () => {
  const { made, pass } = watch();
  const held = lease('a', 'worker');
  made.see([held]);
  pass(failoverMs);
  assert.equal(made.isFree(held), true);
  const owners = new Set(['worker']);
  assert.deepEqual(made.workers.living(new Map([['worker', 100]]), owners), []);
  assert.deepEqual(made.workers.living(new Map([['worker', 100]]), owners), []);
  assert.deepEqual(made.workers.living(new Map([['worker', 130]]), owners), ['worker']);
});

test('a worker without leases is taken for gone when it left a free lease alone', () => {
  const { made, pass } = watch();
  const free = lease('a', undefined);
  const told = new Map([
    ['idle', 100],
    ['owner', 100],
  ]);
  const owners = new Set(['owner']);
  made.leaveToWorkers(free);
  assert.deepEqual(made.workers.living(told, owners), ['idle', 'owner']);
  pass(2 * failoverMs);
  assert.equal(made.isFree(free), true);
  assert.deepEqual(made.workers.living(told, owners), ['owner']);
});
