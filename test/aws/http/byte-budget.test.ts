import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget } from '../../../src/aws/http/byte-budget.ts';
import { AwsError } from '../../../src/aws/protocol/errors.ts';

test('what does not fit waits its turn, in order, until bytes are given back', async () => {
  const budget = new ByteBudget(10, 60_000);
  const order: string[] = [];
  await budget.take(8);
  const large = budget.take(9).then(() => order.push('large'));
  const small = budget.take(1).then(() => order.push('small'));
  budget.giveBack(8);
  await Promise.all([large, small]);
  assert.deepEqual(order, ['large', 'small']);
});

test('one request alone fits, however large', async () => {
  const budget = new ByteBudget(10, 60_000);
  await budget.take(1000);
});

test('who waits too long is told to come again, and does not block those behind', async () => {
  const budget = new ByteBudget(10, 1);
  await budget.take(5);
  const tooLarge = budget.take(6);
  await assert.rejects(tooLarge, (error) => {
    assert.ok(error instanceof AwsError);
    return error.exception === 'ServiceUnavailable';
  });
  await budget.take(5);
});
