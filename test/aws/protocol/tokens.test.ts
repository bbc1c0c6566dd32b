import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  pagingTokenOf,
  readPagingToken,
  tokenLifetimeMs,
} from '../../../src/aws/protocol/tokens.ts';

const secret = Buffer.alloc(32, 1);
const at = (nowMs: number, key = secret) => ({ secret: key, clock: { nowMs: () => nowMs } });
const token = pagingTokenOf('ListShards', { after: 'shardId-000000000001' }, at(1000));

test('a token gives back its position for 300 seconds, at any gateway with the secret', () => {
  assert.deepEqual(readPagingToken('ListShards', token, at(1000 + tokenLifetimeMs)), {
    position: { after: 'shardId-000000000001' },
  });
  const late = readPagingToken('ListShards', token, at(1001 + tokenLifetimeMs));
  assert.deepEqual(late, { problem: 'expired' });
});

test('a token of another action, of another catalog, changed or invented, is none', () => {
  const invalid = { problem: 'invalid' };
  const foreign = at(1000, Buffer.alloc(32, 2));
  assert.deepEqual(readPagingToken('ListStreams', token, at(1000)), invalid);
  assert.deepEqual(readPagingToken('ListShards', token, foreign), invalid);
  for (let i = 0; i < token.length; i += 1) {
    const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
    assert.deepEqual(readPagingToken('ListShards', changed, at(1000)), invalid);
  }
  for (const invented of ['', 'a', 'AAAA', ' ', token.slice(4), `${token} `]) {
    assert.deepEqual(readPagingToken('ListShards', invented, at(1000)), invalid);
  }
});
