import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedTurns, Turns } from '../../src/runtime/turns.ts';

/** Work that ends when the test says so. */
function heldWork() {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = (nth: number) => () => {
    begun.push(nth);
    return new Promise<number>((resolve) => (ends[nth] = () => resolve(nth)));
  };
  return { begun, ends, work };
}

test('work runs one at a time, in the order of the calls; the first begins at once', async () => {
  const turns = new Turns();
  const { begun, ends, work } = heldWork();
  const done = [0, 1, 2].map((nth) => turns.run(work(nth)));
  assert.deepEqual([begun, turns.size], [[0], 3]);
  for (const nth of [0, 1, 2]) {
    assert.deepEqual(begun, [0, 1, 2].slice(0, nth + 1));
    ends[nth]!();
    assert.equal(await done[nth], nth);
  }
  assert.equal(turns.size, 0);
});

test("so many run at once, and a failure is its own call's alone", async () => {
  const turns = new Turns(2);
  const { begun, ends, work } = heldWork();
  const failed = turns.run(() => Promise.reject(new Error('of the first')));
  const thrown = turns.run(() => {
    throw new Error('of the second');
  });
  const done = [0, 1, 2].map((nth) => turns.run(work(nth)));
  await assert.rejects(failed, /first/);
  await assert.rejects(thrown, /second/);
  assert.deepEqual(begun, [0, 1]);
  ends[1]!();
  await done[1];
  assert.deepEqual(begun, [0, 1, 2]);
  ends[0]!();
  ends[2]!();
  assert.deepEqual(await Promise.all(done), [0, 1, 2]);
});

test('a long queue keeps its order', async () => {
  const turns = new Turns();
  let begin: () => void = assert.fail;
  const held = turns.run(() => new Promise<void>((resolve) => (begin = resolve)));
  const order: number[] = [];
  const count = 5_000;
  const all: Promise<unknown>[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const work = async () => {
      order.push(nth);
      // Some come while the queue moves.
      if (nth % 2 === 0) all.push(turns.run(async () => void order.push(count + nth)));
      await Promise.resolve();
    };
    all.push(turns.run(work));
  }
  begin();
  await held;
  for (const each of all) await each;
  assert.deepEqual(order.slice(0, count), [...Array(count).keys()]);
  assert.deepEqual(
    order.slice(count),
    [...Array(count).keys()].filter((nth) => nth % 2 === 0).map((nth) => count + nth),
  );
  assert.equal(turns.size, 0);
});

test('each key has turns of its own, which are forgotten when nothing waits', async () => {
  const turns = new KeyedTurns();
  const { begun, ends, work } = heldWork();
  const first = turns.run('a', work(0));
  const second = turns.run('a', work(1));
  const other = turns.run('b', work(2));
  assert.deepEqual([begun, turns.size('a'), turns.size('b')], [[0, 2], 2, 1]);
  ends[2]!();
  await other;
  ends[0]!();
  await first;
  assert.deepEqual([turns.size('a'), turns.size('b')], [1, 0]);
  ends[1]!();
  assert.equal(await second, 1);
  assert.equal(turns.size('a'), 0);
});
