import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  isExpired,
  iteratorLifetimeMs,
  parseShardIterator,
  printShardIterator,
  type ShardPosition,
} from '../../../src/domain/records/shard-iterator.ts';
import { toOffset } from '../../../src/domain/streams/stream.ts';

const secret = Buffer.alloc(32, 1);
const nowMs = 1_795_000_000_123;
const position: ShardPosition = {
  stream: 'orders',
  logId: 'Zm9vYmFyYmF6cXV4cXV1eA',
  shardIndex: 3,
  offset: toOffset(42n),
};

test('an iterator tells its place again, to every gateway that has the secret', () => {
  fc.assert(
    fc.property(
      fc.record({
        stream: fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/),
        logId: fc.stringMatching(/^[a-zA-Z0-9_-]{22}$/),
        shardIndex: fc.integer({ min: 0, max: 0xffff_ffff }),
        offset: fc.bigInt({ min: 0n, max: 0x7fff_ffff_ffff_ffffn }).map(toOffset),
      }),
      fc.integer({ min: 0, max: 2 ** 47 }),
      (place, issuedAtMs) => {
        const text = printShardIterator(place, issuedAtMs, secret);
        assert.ok(text.length >= 1 && text.length <= 512);
        assert.deepEqual(parseShardIterator(text, Buffer.from(secret)), { ...place, issuedAtMs });
      },
    ),
  );
});

test('an iterator changed in any character is none', () => {
  const text = printShardIterator(position, nowMs, secret);
  for (let index = 0; index < text.length; index++) {
    const other = text[index] === 'A' ? 'B' : 'A';
    const changed = text.slice(0, index) + other + text.slice(index + 1);
    assert.equal(parseShardIterator(changed, secret), undefined, `character ${index}`);
  }
});

test('an iterator of another cluster of gateways is none', () => {
  const text = printShardIterator(position, nowMs, Buffer.alloc(32, 2));
  assert.equal(parseShardIterator(text, secret), undefined);
});

test('any other text is no iterator', () => {
  fc.assert(fc.property(fc.string(), (text) => parseShardIterator(text, secret) === undefined));
  const cut = printShardIterator(position, nowMs, secret).slice(0, 60);
  for (const text of ['', 'AAAA', `${cut}=`, cut]) {
    assert.equal(parseShardIterator(text, secret), undefined);
  }
});

test('an iterator lives for five minutes', () => {
  const iterator = { ...position, issuedAtMs: nowMs };
  assert.equal(isExpired(iterator, nowMs + iteratorLifetimeMs), false);
  assert.equal(isExpired(iterator, nowMs + iteratorLifetimeMs + 1), true);
  assert.equal(iteratorLifetimeMs, 5 * 60 * 1000);
});
