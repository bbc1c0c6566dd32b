import assert from 'node:assert/strict';
import test from 'node:test';
import { planSharing } from '../../src/groups/lease-sharing.ts';

const [one, two] = ['kafka/a/1', 'kafka/b/2'].map((owner) => ({ owner })) as [Sharer, Sharer];
type Sharer = { readonly owner: string };

const plan = (counts: Record<string, number>, haveLeader: boolean, members = [one, two]) => {
  const leaseCount = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return planSharing(leaseCount, new Map(Object.entries(counts)), members, haveLeader);
};
const ofMembers = (first: number, second: number) => ({
  [one.owner]: first,
  [two.owner]: second,
});

test('without workers there is nothing to share', () => {
  for (const haveLeader of [true, false]) {
    assert.equal(plan(ofMembers(3, 1), haveLeader), undefined);
  }
});

test('workers that steal: each owner has its share', () => {
  const taking = plan({ ...ofMembers(0, 2), worker: 4 }, false)!;
  assert.deepEqual([taking.workers, taking.takers], [['worker'], [one]]);
  assert.equal(plan({ ...ofMembers(3, 2), worker: 0 }, false)!.giver, one);
  const even = plan({ ...ofMembers(2, 1), worker: 1, other: 1 }, false)!;
  assert.deepEqual([even.takers, even.giver], [[], undefined]);
});

test('workers with a leader: the leader decides which worker gets which lease', () => {
  for (const [first, second, ofWorker] of [
    [1, 1, 3],
    [2, 1, 2],
  ] as const) {
    const counts = { ...ofMembers(first, second), worker: ofWorker, idle: 0 };
    const { takers, giver } = plan(counts, true)!;
    assert.deepEqual([takers, giver], [[], undefined], `${ofWorker} of 5`);
  }
});

test('workers with a leader: the side that lacks a whole lease gets it', () => {
  const taking = plan({ ...ofMembers(1, 0), worker: 1, busy: 3 }, true)!;
  assert.deepEqual(taking, { workers: ['busy', 'worker'], takers: [two, one], giver: undefined });
  const giving = plan({ ...ofMembers(3, 1), worker: 1, idle: 0 }, true)!;
  assert.deepEqual([giving.takers, giving.giver], [[], one]);
});

test('a member that gives one already gives no second, and no other in its place', () => {
  assert.equal(plan({ ...ofMembers(3, 2), worker: 0 }, true, [two])!.giver, undefined);
  assert.equal(plan({ ...ofMembers(3, 2), worker: 0 }, false, [two])!.giver, undefined);
});
