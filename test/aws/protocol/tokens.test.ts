import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KinesisError } from '../../../src/aws/protocol/errors.ts';
import { pagingTokenOf, positionIn, tokenLifetimeMs } from '../../../src/aws/protocol/tokens.ts';

const secret = Buffer.alloc(32, 1);
const at = (nowMs: number, key = secret) => ({ secret: key, clock: { nowMs: () => nowMs } });
const token = pagingTokenOf('ListShards', { after: 'shardId-000000000001' }, at(1000));

function exceptionFor(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof KinesisError);
    return error.exception;
  }
  return 'none';
}

test('a token gives back its position for 300 seconds, at any gateway with the secret', () => {
  const position = positionIn('ListShards', token, at(1000 + tokenLifetimeMs));
  assert.deepEqual(position, { after: 'shardId-000000000001' });
  const late = exceptionFor(() => positionIn('ListShards', token, at(1001 + tokenLifetimeMs)));
  assert.equal(late, 'ExpiredNextTokenException');
});

test('a token of another action, of another catalog, changed or invented, is refused', () => {
  const invalid = 'InvalidArgumentException';
  const foreign = at(1000, Buffer.alloc(32, 2));
  assert.equal(
    exceptionFor(() => positionIn('ListStreams', token, at(1000))),
    invalid,
  );
  assert.equal(
    exceptionFor(() => positionIn('ListShards', token, foreign)),
    invalid,
  );
  for (let i = 0; i < token.length; i += 1) {
    const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
    assert.equal(
      exceptionFor(() => positionIn('ListShards', changed, at(1000))),
      invalid,
    );
  }
  for (const invented of ['', 'a', 'AAAA', ' ', token.slice(4), `${token} `]) {
    assert.equal(
      exceptionFor(() => positionIn('ListShards', invented, at(1000))),
      invalid,
    );
  }
});
