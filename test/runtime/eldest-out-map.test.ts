import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EldestOutMap } from '../../src/runtime/eldest-out-map.ts';

test('the entry that was set longest ago goes first', () => {
  const map = new EldestOutMap<string, number>(3);
  for (const [nth, key] of ['a', 'b', 'c'].entries()) map.set(key, nth);
  map.set('a', 7);
  map.set('d', 8);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => map.get(key)),
    [7, undefined, 2, 8],
  );
  assert.equal(map.size, 3);
  map.delete('c');
  map.set('e', 9);
  assert.deepEqual([map.get('a'), map.get('d'), map.get('e')], [7, 8, 9]);
});
