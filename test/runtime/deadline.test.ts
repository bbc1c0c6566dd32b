import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../../src/runtime/deadline.ts';

const longMs = 60_000;
const never = new Promise<never>(() => {});

test('work that ends in time settles as it would alone, and leaves no timer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const before = timers();
  assert.equal(await within(longMs, Promise.resolve(1), assert.fail), 1);
  const failure = new Error('of the work');
  await assert.rejects(within(longMs, Promise.reject(failure), assert.fail), failure);
  assert.equal(timers(), before);
});

test('of work that takes too long the deadline decides: an answer, or an error', async () => {
  assert.equal(await within(1, never, () => 'late'), 'late');
  const late = () => {
    throw new Error('late');
  };
  await assert.rejects(within(1, never, late), /late/);
});

test("a failure after the deadline is nobody's", async () => {
  let fail: (error: Error) => void = assert.fail;
  const work = new Promise<never>((_, reject) => (fail = reject));
  await within(1, work, () => undefined);
  // Would end the process where it were unhandled.
  fail(new Error('after the deadline'));
  await new Promise((resolve) => setImmediate(resolve));
});
