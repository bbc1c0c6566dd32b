import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  distributionOf,
  encryptionChangesPerDayMax,
  encryptionKeyAt,
  orderedMetrics,
  settingsUpdateMs,
  statusAt,
  warmThroughputOf,
  withDistribution,
  withEncryption,
  withMode,
  withPolicy,
  withShardCountChange,
  withWarmThroughput,
} from '../../../src/domain/streams/stream-settings.ts';
import { activated, adopted, newStream } from '../../../src/domain/streams/stream-rules.ts';
import type { Stream } from '../../../src/domain/streams/stream.ts';
import { isGatewayError } from '../../../src/domain/errors.ts';

const nowMs = 1_795_000_000_000;
const dayMs = 86_400_000;
const stream = activated(
  newStream({ name: 'orders', shardCount: 4, mode: 'ON_DEMAND' }, nowMs),
  'log',
);
const limitExceeded = (error: unknown): boolean => isGatewayError(error, 'limit-exceeded');

test('a stream is UPDATING until the time that a change set, and ACTIVE from then on', () => {
  const changed = withEncryption(stream, 'alias/a', nowMs);
  assert.equal(statusAt(stream, nowMs), 'ACTIVE');
  assert.equal(statusAt(changed, nowMs), 'UPDATING');
  assert.equal(statusAt(changed, nowMs + settingsUpdateMs - 1), 'UPDATING');
  assert.equal(statusAt(changed, nowMs + settingsUpdateMs), 'ACTIVE');
  assert.equal(statusAt({ ...changed, status: 'DELETING' }, nowMs), 'DELETING');
});

test('records are encrypted from the end of the update that said so to that of the next', () => {
  const started = withEncryption(stream, 'alias/a', nowMs);
  const stopped = withEncryption(started, undefined, nowMs + 10_000);
  const keys = [0, settingsUpdateMs, 10_000, 10_000 + settingsUpdateMs].map((ms) =>
    encryptionKeyAt(stopped, nowMs + ms),
  );
  assert.deepEqual(keys, [undefined, 'alias/a', 'alias/a', undefined]);
});

test('a mode that is so already changes nothing; the same key is a change, as with AWS', () => {
  assert.equal(withMode(stream, 'ON_DEMAND', nowMs), stream);
  const started = withEncryption(stream, 'alias/a', nowMs);
  const again = withEncryption(started, 'alias/a', nowMs + settingsUpdateMs);
  assert.equal(statusAt(again, nowMs + settingsUpdateMs), 'UPDATING');
});

test('a new key is applied 25 times in 24 hours, and encryption ended 25 times', () => {
  let changing: Stream = stream;
  for (let count = 0; count < encryptionChangesPerDayMax; count += 1) {
    changing = withEncryption(changing, `alias/${count}`, nowMs + count);
  }
  assert.throws(() => withEncryption(changing, 'alias/more', nowMs + dayMs - 1), limitExceeded);
  const stopped = withEncryption(changing, undefined, nowMs + 1_000);
  assert.throws(() => withEncryption(stopped, 'alias/more', nowMs + 2_000), limitExceeded);
  const later = withEncryption(stopped, 'alias/more', nowMs + dayMs + settingsUpdateMs);
  assert.equal(encryptionKeyAt(later, nowMs + 2 * dayMs), 'alias/more');
});

test('the mode is changed twice in 24 hours, and keeps the shards', () => {
  const once = withMode(stream, 'PROVISIONED', nowMs);
  assert.equal(once.shards, stream.shards);
  const twice = withMode(once, 'ON_DEMAND', nowMs + 1_000);
  assert.throws(() => withMode(twice, 'PROVISIONED', nowMs + dayMs - 1), limitExceeded);
  assert.equal(withMode(twice, 'PROVISIONED', nowMs + dayMs).mode, 'PROVISIONED');
});

test('the shard count is changed ten times in 24 hours', () => {
  let changed = stream;
  for (let hour = 0; hour < 10; hour++) {
    changed = withShardCountChange(changed, nowMs + hour * 3_600_000);
  }
  assert.throws(() => withShardCountChange(changed, nowMs + dayMs - 1), limitExceeded);
  const later = withShardCountChange(changed, nowMs + dayMs);
  assert.equal(later.settings?.shardCountChangesMs?.length, 10);
});

test('a topic that was not created through Kinesis has no mode to be changed', () => {
  const topic = { name: 't', logId: 'l', partitionCount: 1, retentionMs: -1, recordBytesMax: 1 };
  const isPolicy = (error: unknown): boolean => isGatewayError(error, 'policy-violation');
  assert.throws(() => withMode(adopted(topic, nowMs), 'ON_DEMAND', nowMs), isPolicy);
});

test('a warm throughput is of on-demand streams only, and no more than the shards take', () => {
  assert.equal(warmThroughputOf(stream), undefined);
  const warm = withWarmThroughput(stream, 10);
  assert.deepEqual(warmThroughputOf(warm), { targetMiBps: 10, currentMiBps: 4 });
  assert.deepEqual(warmThroughputOf(withWarmThroughput(warm, 3)), {
    targetMiBps: 3,
    currentMiBps: 3,
  });
  const provisioned = withMode(warm, 'PROVISIONED', nowMs);
  assert.equal(warmThroughputOf(provisioned), undefined);
  assert.equal(warmThroughputOf(withMode(provisioned, 'ON_DEMAND', nowMs)), undefined);
});

test("metrics are listed once each, in AWS's order", () => {
  assert.deepEqual(orderedMetrics(new Set(['OutgoingBytes', 'IncomingBytes', 'ALL'])), [
    'IncomingBytes',
    'OutgoingBytes',
  ]);
});

test('policies are of the stream or of one consumer, and bounded together', () => {
  const consumers = ['a', 'b'].map((name) => ({ name, createdAtMs: nowMs, tags: {} }));
  const both = { ...stream, consumers };
  const own = withPolicy(both, undefined, 'own');
  const one = withPolicy(own, 'b', 'of b');
  assert.equal(one.settings?.policy, 'own');
  assert.deepEqual(
    one.consumers.map(({ policy }) => policy),
    [undefined, 'of b'],
  );
  assert.deepEqual(withPolicy(one, 'b', undefined).consumers, consumers);
  assert.deepEqual(withPolicy(own, undefined, undefined).settings, {});
  assert.throws(() => withPolicy(one, 'a', 'x'.repeat(250_000)), limitExceeded);
});

test('keys choose shards unless the stream spreads its records; a change is done at once', () => {
  assert.equal(distributionOf(stream), 'USER_PARTITION_KEY');
  assert.equal(withDistribution(stream, 'USER_PARTITION_KEY'), stream);
  const spread = withDistribution(stream, 'AUTO');
  assert.equal(distributionOf(spread), 'AUTO');
  assert.equal(statusAt(spread, nowMs), 'ACTIVE');
  assert.equal(withDistribution(spread, 'AUTO'), spread);
  assert.equal(
    distributionOf(withDistribution(spread, 'USER_PARTITION_KEY')),
    'USER_PARTITION_KEY',
  );
});

test('a stream that becomes provisioned has keys again, also when it is on-demand again', () => {
  const spread = withDistribution(stream, 'AUTO');
  const provisioned = withMode(spread, 'PROVISIONED', nowMs);
  assert.equal(distributionOf(provisioned), 'USER_PARTITION_KEY');
  const again = withMode(provisioned, 'ON_DEMAND', nowMs + dayMs);
  assert.equal(distributionOf(again), 'USER_PARTITION_KEY');
});
