import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commitmentMsMin,
  commitmentStatusAt,
  noAccountSettings,
  withCommitment,
} from '../../../src/domain/streams/account-settings.ts';

const nowMs = 1_795_000_000_000;
const enabled = withCommitment(noAccountSettings, 'ENABLED', nowMs);

test('a commitment is off until it is enabled, and then on', () => {
  assert.equal(commitmentStatusAt(noAccountSettings, nowMs), 'DISABLED');
  assert.equal(commitmentStatusAt(enabled, nowMs), 'ENABLED');
  assert.deepEqual(enabled, { version: 1, commitment: { startedAtMs: nowMs } });
});

test('what is so already changes nothing', () => {
  assert.equal(withCommitment(noAccountSettings, 'DISABLED', nowMs), noAccountSettings);
  assert.equal(withCommitment(enabled, 'ENABLED', nowMs + 1), enabled);
});

test('disabled before its 24 hours it ends by itself after them', () => {
  const ending = withCommitment(enabled, 'DISABLED', nowMs + 1_000);
  const endMs = nowMs + commitmentMsMin;
  assert.equal(ending.commitment?.endedAtMs, endMs);
  assert.equal(commitmentStatusAt(ending, endMs - 1), 'ENABLED_UNTIL_EARLIEST_ALLOWED_END');
  assert.equal(commitmentStatusAt(ending, endMs), 'DISABLED');
  assert.equal(withCommitment(ending, 'DISABLED', nowMs + 2_000), ending);
});

test('enabling again before the end calls the end off, and keeps the beginning', () => {
  const ending = withCommitment(enabled, 'DISABLED', nowMs + 1_000);
  const again = withCommitment(ending, 'ENABLED', nowMs + 2_000);
  assert.deepEqual(again, { version: 3, commitment: { startedAtMs: nowMs } });
  const laterMs = nowMs + 2 * commitmentMsMin;
  const restarted = withCommitment(ending, 'ENABLED', laterMs);
  assert.deepEqual(restarted.commitment, { startedAtMs: laterMs });
});

test('disabled after its 24 hours it ends at once', () => {
  const laterMs = nowMs + commitmentMsMin;
  const ended = withCommitment(enabled, 'DISABLED', laterMs);
  assert.deepEqual(ended.commitment, { startedAtMs: nowMs, endedAtMs: laterMs });
  assert.equal(commitmentStatusAt(ended, laterMs), 'DISABLED');
});
