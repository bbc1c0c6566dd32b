import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FetchSession } from '../../../src/kafka/rules/fetch-session.ts';

const of = (topic: string, ...partitions: readonly number[]) => ({ topic, partitions });

test('a session has what was named first, what was added, and not what was forgotten', () => {
  const session = new FetchSession();
  session.begin('1', [of('a', 0, 1), of('b', 0)]);
  assert.deepEqual(session.goOn('1', [], []), ['a', 'b']);
  assert.deepEqual(session.goOn('1', [of('c', 5)], [of('a', 0)]), ['a', 'b', 'c']);
  assert.deepEqual(session.goOn('1', [], [of('a', 1), of('x', 1)]), ['b', 'c']);
});

test('of a session that this connection did not begin, or ended, nothing is known', () => {
  const session = new FetchSession();
  assert.equal(session.goOn('1', [of('a', 0)], []), undefined);
  session.begin('1', [of('a', 0)]);
  assert.equal(session.goOn('2', [], []), undefined);
  session.begin('2', []);
  assert.equal(session.goOn('1', [], []), undefined);
  assert.deepEqual(session.goOn('2', [], []), []);
});

test('a session that grows too large is one that nothing is known of', () => {
  const session = new FetchSession();
  const many = Array.from({ length: 60_000 }, (_, index) => index);
  session.begin('1', [of('a', ...many)]);
  assert.deepEqual(session.goOn('1', [of('a', ...many)], []), ['a'], 'the same ones again');
  assert.equal(session.goOn('1', [of('b', ...many)], []), undefined);
  assert.equal(session.goOn('1', [], []), undefined);
});
