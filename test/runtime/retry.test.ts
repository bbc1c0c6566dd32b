import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retried, untilDefined } from '../../src/runtime/retry.ts';

test('untilDefined asks until there is an answer', async () => {
  let asked = 0;
  const ask = async () => (++asked === 3 ? 'answer' : undefined);
  assert.equal(await untilDefined({ everyMs: 1, waitMsMax: 60_000 }, ask), 'answer');
  assert.equal(asked, 3);
});

test('untilDefined asks once at least, and answers nothing when the time is over', async () => {
  let asked = 0;
  const ask = async () => void asked++;
  assert.equal(await untilDefined({ everyMs: 1, waitMsMax: -1 }, ask), undefined);
  assert.equal(asked, 1);
  const failing = () => Promise.reject(new Error('of the question'));
  await assert.rejects(untilDefined({ everyMs: 1, waitMsMax: 60_000 }, failing), /question/);
});

test('retried continues while the failure may mend, and throws the one that may not', async () => {
  const seen: [string, number][] = [];
  let count = 0;
  const work = async () => {
    count += 1;
    if (count < 3) throw new Error(`failure ${count}`);
    return 'done';
  };
  const note = (error: unknown, attempts: { readonly count: number }) =>
    seen.push([(error as Error).message, attempts.count]) > 0;
  assert.equal(await retried(1, note, work), 'done');
  assert.deepEqual(seen, [
    ['failure 1', 1],
    ['failure 2', 2],
  ]);
  const failing = () => Promise.reject(new Error('for good'));
  await assert.rejects(
    retried(1, (_error, attempts) => attempts.count < 3, failing),
    /for good/,
  );
});
