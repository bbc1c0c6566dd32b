import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LargeMemory } from '../../../src/runtime/memory/large-memory.ts';

const settings = { bytesMin: 100, stepBytes: 64, spareBytesMax: 512 };

test('what is given back serves the next one that fits', () => {
  const memory = new LargeMemory(settings);
  const first = memory.take(200);
  assert.equal(first.length, 200);
  assert.equal(first.buffer.byteLength, 256);
  memory.giveBack(first.subarray(10, 20));
  const second = memory.take(250);
  assert.equal(second.buffer, first.buffer);
  assert.notEqual(memory.take(250).buffer, first.buffer);
});

test('only what was lent is taken back, and once', () => {
  const memory = new LargeMemory(settings);
  memory.giveBack(Buffer.alloc(300));
  const lent = memory.take(300);
  memory.giveBack(lent);
  memory.giveBack(lent);
  assert.equal(memory.take(300).buffer, lent.buffer);
  assert.notEqual(memory.take(300).buffer, lent.buffer);
});

test("of two the larger is kept; small and huge ones are the collector's", () => {
  const memory = new LargeMemory(settings);
  const [smaller, larger, huge] = [memory.take(128), memory.take(256), memory.take(513)];
  for (const each of [larger, smaller, huge]) memory.giveBack(each);
  assert.equal(memory.take(128).buffer, larger.buffer);
  const small = memory.take(99);
  assert.equal(small.buffer.byteLength, 99);
});
