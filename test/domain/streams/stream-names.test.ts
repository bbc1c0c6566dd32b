import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  areOneToKafka,
  isReservedName,
  isStreamName,
  whyNoStreamName,
} from '../../../src/domain/streams/stream-names.ts';

test('a name that both AWS and Kafka allow is a name of a stream', () => {
  const names = [
    ...['a', 'orders', 'Orders', 'a.b', 'a_b', '-', '_', '...', '.a', '__x', 'x'.repeat(128)],
    // Topics that programs of Kafka's make for themselves are topics like others.
    ...['_schemas', 'connect-offsets', 'mm2-offsets.a.internal', '__consumer_offsets_copy'],
    ...['__proto__', 'constructor', 'toString'],
  ];
  for (const name of names) assert.equal(isStreamName(name), true, name);
});

test('reserved names of brokers and of the gateway are not streams', () => {
  const names = [
    ...['__consumer_offsets', '__transaction_state', '__share_group_state'],
    ...['__remote_log_metadata', '__cluster_metadata', '__kineska_queues'],
  ];
  for (const name of names) {
    assert.equal(isReservedName(name), true, name);
    assert.match(whyNoStreamName(name) ?? '', /reserved/, name);
  }
});

test('a name that only one of AWS and Kafka allows is not a stream', () => {
  for (const name of ['.', '..', '', 'a b', 'ä', 'a/b', 'x'.repeat(129), 'x'.repeat(249)]) {
    assert.equal(isStreamName(name), false, name);
    assert.equal(isReservedName(name), false, name);
  }
});

test('names that differ in dots and underscores only are one to Kafka', () => {
  assert.equal(areOneToKafka('a.b', 'a_b'), true);
  assert.equal(areOneToKafka('a.b_c', 'a_b.c'), true);
  assert.equal(areOneToKafka('a.b', 'a-b'), false);
  assert.equal(areOneToKafka('A.b', 'a.b'), false);
});
