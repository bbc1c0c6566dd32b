import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompressionTypes } from 'kafkajs';
import { encodeCompressedBatch } from '../../../../src/wire/record-batch.ts';
import { produceRequest, produceResponse } from '../../../../src/wire/messages/00-produce.ts';
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../../../../src/wire/messages/21-delete-records.ts';
import { toOffset } from '../../../../src/domain/streams/stream.ts';
import type { Compression } from '../../../../src/wire/compression.ts';
import {
  plenty,
  readAll,
  recordOf,
  start,
  type TestTopic,
  testTopic,
  untilEnd,
  valuesOf,
} from './topic.ts';

const deleteRecordsApi = { request: deleteRecordsRequest, response: deleteRecordsResponse };
const produceApi = { request: produceRequest, response: produceResponse };

/** Puts a batch as a Kafka client would. */
async function produce(topic: TestTopic, compression: Compression, values: readonly string[]) {
  const records = values.map((value) => recordOf(value, 'k'));
  const batch = await encodeCompressedBatch(records, Date.now(), compression);
  const leader = await topic.cluster.leaderOf(topic.name, 0);
  const partitionData = [{ index: 0, records: batch }];
  const answer = await topic.cluster.requestTo(
    leader,
    'produce',
    produceApi,
    { acks: -1, timeoutMs: 5000, topicData: [{ name: topic.name, partitionData }] },
    { versionMax: 12 },
  );
  assert.equal(answer.responses[0]?.partitionResponses[0]?.errorCode, 0);
}

test('batches of every compression are read', async (t) => {
  const topic = await testTopic(t);
  const sent: string[] = [];
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const values = Array.from({ length: 50 }, (_, index) => `${compression} ${index}`);
    sent.push(...values);
    await produce(topic, compression, values);
  }
  const records = await readAll(topic);
  assert.deepEqual(valuesOf(records), sent);
  assert.ok(
    records.every(({ key, offset }, index) => `${key}` === 'k' && offset === BigInt(index)),
  );
});

test('control records and records of aborted transactions are passed over', async (t) => {
  const topic = await testTopic(t);
  const producer = topic.kafka.producer({
    transactionalId: `tx-${topic.name}`,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  t.after(() => producer.disconnect());
  const send = async (value: string, outcome: 'commit' | 'abort') => {
    const transaction = await producer.transaction();
    for (const part of ['1', '2']) {
      const messages = [{ value: `${value}${part}` }];
      await transaction.send({ topic: topic.name, messages, compression: CompressionTypes.GZIP });
      // A record outside of the transaction stands between.
      await topic.log.append(topic.where, [recordOf(`plain ${value}${part}`)]);
    }
    await transaction[outcome]();
  };
  await send('a', 'commit');
  await send('b', 'abort');
  await send('c', 'abort');
  await send('d', 'commit');
  await untilEnd(topic, 20n);
  const seen = await readAll(topic);
  assert.deepEqual(valuesOf(seen), [
    'a1',
    'plain a1',
    'a2',
    'plain a2',
    'plain b1',
    'plain b2',
    'plain c1',
    'plain c2',
    'd1',
    'plain d1',
    'd2',
    'plain d2',
  ]);
  // From every offset on, the same records are visible.
  const end = await topic.log.endOffset(topic.where);
  for (let from = 0n; from < end; from++) {
    assert.deepEqual(
      valuesOf(await readAll(topic, toOffset(from))),
      valuesOf(seen.filter(({ offset }) => offset >= from)),
    );
  }
});

test('an open transaction hides what comes after it until it ends', async (t) => {
  const topic = await testTopic(t);
  const producer = topic.kafka.producer({ transactionalId: `tx-${topic.name}`, idempotent: true });
  await producer.connect();
  t.after(() => producer.disconnect());
  await topic.log.append(topic.where, [recordOf('first')]);
  const transaction = await producer.transaction();
  await transaction.send({ topic: topic.name, messages: [{ value: 'in transaction' }] });
  await topic.log.append(topic.where, [recordOf('behind')]);
  const during = await topic.log.read(topic.where, start, plenty);
  assert.deepEqual(valuesOf(during.records), ['first']);
  assert.equal(during.endOffset, 1n);
  assert.equal(during.nextOffset, 1n);
  assert.equal(await topic.log.endOffset(topic.where), 1n);
  await transaction.commit();
  await untilEnd(topic, 4n);
  assert.deepEqual(valuesOf(await readAll(topic, during.nextOffset)), ['in transaction', 'behind']);
});

test('a read with nothing but invisible records moves on', async (t) => {
  const topic = await testTopic(t);
  const producer = topic.kafka.producer({ transactionalId: `tx-${topic.name}`, idempotent: true });
  await producer.connect();
  t.after(() => producer.disconnect());
  const transaction = await producer.transaction();
  await transaction.send({ topic: topic.name, messages: [{ value: 'gone' }] });
  await transaction.abort();
  await untilEnd(topic, 2n);
  const slice = await topic.log.read(topic.where, start, plenty);
  assert.deepEqual(slice.records, []);
  assert.equal(slice.nextOffset, 2n);
  assert.equal(slice.endOffset, 2n);
});

test('limits of count and size hold, and a reader that continues misses nothing', async (t) => {
  const topic = await testTopic(t);
  const sent = Array.from({ length: 1000 }, (_, index) => `${index}`.padEnd(900, '.'));
  await topic.log.append(
    topic.where,
    sent.map((value) => recordOf(value)),
  );
  for (const recordsMax of [1, 7, 400, 999, 1000, 5000]) {
    const slice = await topic.log.read(topic.where, start, { ...plenty, recordsMax });
    assert.equal(slice.records.length, Math.min(recordsMax, 1000));
    const all = await readAll(topic, start, { ...plenty, recordsMax: Math.max(recordsMax, 50) });
    assert.deepEqual(valuesOf(all), sent);
  }
  const bySize = await topic.log.read(topic.where, start, { ...plenty, bytesMax: 4500 });
  assert.equal(bySize.records.length, 5);
  const tooLarge = await topic.log.read(topic.where, start, { ...plenty, bytesMax: 10 });
  assert.equal(tooLarge.records.length, 1);
});

test('a reader of few records at a time does not fetch the same bytes again', async (t) => {
  const topic = await testTopic(t);
  const sent = Array.from({ length: 100 }, (_, index) => recordOf(`${index}`));
  await topic.log.append(topic.where, sent);
  const all = await readAll(topic, start, { ...plenty, recordsMax: 1 });
  assert.equal(all.length, 100);
  assert.ok((topic.calls.get('FetchRequest') ?? 0) <= 2);
});

test('what came after a fetch is seen by the read that ends what was left of it', async (t) => {
  const topic = await testTopic(t);
  await topic.log.append(topic.where, [recordOf('a'), recordOf('b')]);
  const first = await topic.log.read(topic.where, start, { ...plenty, recordsMax: 1 });
  await topic.log.append(topic.where, [recordOf('c'), recordOf('d')]);
  const second = await topic.log.read(topic.where, first.nextOffset, { ...plenty, recordsMax: 1 });
  assert.deepEqual(valuesOf(second.records), ['b']);
  assert.equal(second.endOffset, 4n);
  const third = await topic.log.read(topic.where, second.nextOffset, plenty);
  assert.deepEqual(valuesOf(third.records), ['c', 'd']);
});

test('a read below the start begins at the start', async (t) => {
  const topic = await testTopic(t);
  await topic.log.append(
    topic.where,
    ['a', 'b', 'c', 'd'].map((value) => recordOf(value)),
  );
  const leader = await topic.cluster.leaderOf(topic.name, 0);
  await topic.cluster.requestTo(leader, 'control', deleteRecordsApi, {
    timeoutMs: 5000,
    topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 2n }] }],
  });
  const slice = await topic.log.read(topic.where, start, plenty);
  assert.deepEqual(valuesOf(slice.records), ['c', 'd']);
  assert.equal(slice.startOffset, 2n);
  assert.equal(await topic.log.startOffset(topic.where), 2n);
});

test('a read beyond the end is empty and stays where it is', async (t) => {
  const topic = await testTopic(t);
  await topic.log.append(topic.where, [recordOf('a')]);
  const slice = await topic.log.read(topic.where, toOffset(100n), plenty);
  assert.deepEqual(slice.records, []);
  assert.equal(slice.nextOffset, 100n);
  assert.equal(slice.endOffset, 1n);
});

test('a read that may wait answers when a record comes', async (t) => {
  const topic = await testTopic(t);
  const waiting = topic.log.read(topic.where, start, { ...plenty, waitMsMax: 10_000 });
  await topic.log.append(topic.where, [recordOf('a')]);
  assert.deepEqual(valuesOf((await waiting).records), ['a']);
});

test('a read that waits holds up no other, and ends when it is aborted', async (t) => {
  const topic = await testTopic(t);
  const controller = new AbortController();
  const waiting = topic.log.read(topic.where, start, {
    ...plenty,
    waitMsMax: 60_000,
    signal: controller.signal,
  });
  const aborted = assert.rejects(waiting, { name: 'AbortError' });
  const empty = await topic.log.read(topic.where, start, plenty);
  assert.deepEqual(empty.records, []);
  controller.abort();
  await aborted;
  await topic.log.append(topic.where, [recordOf('a')]);
  assert.deepEqual(valuesOf(await readAll(topic)), ['a']);
});

test('a time finds the first record of that millisecond or later', async (t) => {
  const topic = await testTopic(t);
  const baseMs = 1_795_000_000_000;
  const producer = topic.kafka.producer();
  await producer.connect();
  t.after(() => producer.disconnect());
  const times = [0, 0, 1, 5, 5, 9];
  await producer.send({
    topic: topic.name,
    messages: times.map((delta) => ({ value: `${delta}`, timestamp: `${baseMs + delta}` })),
  });
  for (let delta = -1; delta <= 10; delta++) {
    const first = times.findIndex((time) => time >= delta);
    const expected = first === -1 ? times.length : first;
    assert.equal(await topic.log.offsetAt(topic.where, baseMs + delta), BigInt(expected));
  }
});

test('an empty log begins and ends at 0', async (t) => {
  const topic = await testTopic(t);
  assert.equal(await topic.log.startOffset(topic.where), 0n);
  assert.equal(await topic.log.endOffset(topic.where), 0n);
  assert.equal(await topic.log.offsetAt(topic.where, Date.now()), 0n);
});

test('memory that a reader gives back is used again, what is still read is not', async (t) => {
  const topic = await testTopic(t);
  const values = Array.from({ length: 3000 }, (_, index) => `${index}`.padEnd(1000, '.'));
  const records = values.map((value) => recordOf(value, 'k'));
  await topic.log.append(topic.where, records);
  const held = await topic.log.read(topic.where, start, plenty);
  for (let round = 0; round < 4; round++) {
    // Nearly all: the rest is kept, and must not change when the memory is used again.
    const limits = { ...plenty, recordsMax: 2900 };
    const first = await topic.log.read(topic.where, start, limits);
    assert.deepEqual(valuesOf(first.records), values.slice(0, 2900));
    first.release?.();
    const other = await topic.log.read(topic.where, toOffset(1n), limits);
    const rest = await topic.log.read(topic.where, first.nextOffset, plenty);
    assert.deepEqual(valuesOf(rest.records), values.slice(2900));
    assert.deepEqual(valuesOf(other.records), values.slice(1, 2901));
    other.release?.();
    other.release?.();
  }
  assert.deepEqual(valuesOf(held.records), values);
});
