import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evenRanges } from '../../../src/domain/streams/hash-key.ts';
import {
  adopted,
  following,
  grown,
  mustGrow,
  newStream,
  nextCreationMs,
  recordKiBShown,
  retentionHoursShown,
} from '../../../src/domain/streams/stream-rules.ts';

const topic = {
  name: 't',
  logId: 'one',
  partitionCount: 3,
  retentionMs: 604_800_000,
  recordBytesMax: 1_044_492,
};
const hourMs = 3_600_000;

test('a new stream has Kinesis rules, a day of retention and even shards, and no log yet', () => {
  const stream = newStream({ name: 's', shardCount: 4, mode: 'ON_DEMAND' }, 1_795_000_000_999);
  const { shards, ...rest } = stream;
  assert.deepEqual(rest, {
    name: 's',
    logId: '',
    rules: 'kinesis',
    status: 'CREATING',
    mode: 'ON_DEMAND',
    partitioner: 'md5-range',
    createdAtMs: 1_795_000_000_999,
    retentionHours: 24,
    recordKiBMax: 1024,
    tags: {},
    consumers: [],
    version: 1,
  });
  const expected = evenRanges(4).map((range, index) => ({
    index,
    ...range,
    createdAtSeconds: 1_795_000_000,
  }));
  assert.deepEqual(shards, expected);
});

test('an adopted topic follows Kafka rules, and places keys where Java producers do', () => {
  const stream = adopted(topic, 5_000);
  assert.equal(stream.rules, 'kafka');
  assert.equal(stream.partitioner, 'murmur2');
  assert.equal(stream.status, 'ACTIVE');
  assert.equal(stream.retentionHours, 168);
  assert.equal(stream.version, 1);
  assert.deepEqual(
    stream.shards.map(({ index, createdAtSeconds }) => [index, createdAtSeconds]),
    [
      [0, 5],
      [1, 5],
      [2, 5],
    ],
  );
});

test('a topic made again has a later creation second than every shard it had before', () => {
  const former = adopted(topic, 5_000);
  const again = adopted({ ...topic, logId: 'two' }, 5_400, former);
  assert.equal(again.shards[0]!.createdAtSeconds, 6);
  assert.equal(again.createdAtMs, 6_000);
  assert.equal(again.version, former.version + 1);
  assert.equal(nextCreationMs(grown(former, 4, 9_100)), 10_000);
});

test('a grown topic has even ranges again, and its old shards keep their creation second', () => {
  const stream = adopted(topic, 5_000);
  assert.equal(mustGrow(stream, 3), false);
  assert.equal(mustGrow(stream, 5), true);
  const after = grown(stream, 5, 9_000);
  assert.deepEqual(
    after.shards.map(({ startingHashKey, endingHashKey }) => ({ startingHashKey, endingHashKey })),
    evenRanges(5),
  );
  assert.deepEqual(
    after.shards.map(({ createdAtSeconds }) => createdAtSeconds),
    [5, 5, 5, 9, 9],
  );
});

test('a stream with Kinesis rules takes no partition that the catalog did not make', () => {
  const stream = newStream({ name: 's', shardCount: 1, mode: 'PROVISIONED' }, 0);
  assert.equal(mustGrow(stream, 2), false);
});

test('retention is shown in whole hours, unlimited as the longest that Kinesis has', () => {
  assert.equal(retentionHoursShown(-1), 8760);
  assert.equal(retentionHoursShown(Number.MAX_SAFE_INTEGER), 8760);
  assert.equal(retentionHoursShown(1), 1);
  assert.equal(retentionHoursShown(25 * hourMs + 1), 25);
  assert.equal(recordKiBShown(1024 * 1024), 1024);
});

test('a stream that shows what its log keeps already stays the same object', () => {
  const stream = adopted(topic, 0);
  assert.equal(following(stream, topic), stream);
  const changed = following(stream, { ...topic, retentionMs: 48 * hourMs });
  assert.equal(changed.retentionHours, 48);
});
