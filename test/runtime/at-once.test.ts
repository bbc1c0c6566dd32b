import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../src/runtime/at-once.ts';

test('every item is worked on, so many at a time', async () => {
  let running = 0;
  let runningMax = 0;
  const seen: number[] = [];
  await atOnce(3, [0, 1, 2, 3, 4, 5, 6], async (item) => {
    running += 1;
    runningMax = Math.max(running, runningMax);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(item);
    running -= 1;
  });
  assert.deepEqual(seen.toSorted(), [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(runningMax, 3);
});

test('the caller gets the first failure', async () => {
  const fail = (item: number) => Promise.reject(new Error(`item ${item}`));
  await assert.rejects(atOnce(1, [1, 2], fail), /item 1/);
  await atOnce(4, [], fail);
});
