import assert from 'node:assert/strict';
import { test } from 'node:test';
import { produceRequest, produceResponse } from '../../../../src/wire/messages/00-produce.ts';
import { compressionNames } from '../../../../src/wire/compression.ts';
import { encodeCompressedBatch } from '../../../../src/wire/record-batch.ts';
import { untilTrue } from '../../../support/until.ts';
import { recordOf, untilEnd } from '../log/topic.ts';
import {
  countsOf,
  few,
  patient,
  shortLockMs,
  takeAll,
  textsOf,
  verdictsOn,
} from './share-calls.ts';
import { shareTopic } from './share-topic.ts';

const produceApi = { request: produceRequest, response: produceResponse };
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

test('no more records than asked for are acquired, whatever the batch', async (t) => {
  const { shares, group, put } = await shareTopic(t);
  await put(numbers(36));
  await put(numbers(5));
  const share = await group();
  const nowMs = Date.now();
  const first = await shares.acquire(share, [0], { ...patient, recordsMax: 1 });
  assert.deepEqual(countsOf(first), ['0 1']);
  assert.ok(first.lockedUntilMs >= nowMs + (await shares.terms(share)).lockMs);
  const next = await shares.acquire(share, [0], { ...patient, recordsMax: 30 });
  assert.deepEqual(textsOf(next), numbers(36).slice(1, 31));
  assert.notEqual(next.member, first.member);
  const rest = await shares.acquire(share, [0], { ...patient, recordsMax: 100 });
  assert.deepEqual(textsOf(rest).slice(0, 5), numbers(36).slice(31));
});

test('the first partition with records is served first', async (t) => {
  const { shares, group, put } = await shareTopic(t, 3);
  await put(numbers(20), 0);
  await put(numbers(20), 2);
  const share = await group();
  for (const order of [
    [1, 2, 0],
    [0, 1, 2],
  ]) {
    const { records } = await shares.acquire(share, order, patient);
    const first = order.find((partition) => partition !== 1);
    assert.deepEqual([...new Set(records.map(({ partition }) => partition))], [first]);
    assert.equal(records.length, 10);
  }
});

test('a lock belongs to no connection: it survives the gateway, and ends by time', async (t) => {
  const { shares, group, put, another } = await shareTopic(t);
  await put(numbers(2));
  const share = await group();
  const gone = another();
  const acquired = await gone.shares.acquire(share, [0], { ...patient, recordsMax: 1 });
  gone.cluster.close();
  const others = await shares.acquire(share, [0], patient);
  assert.deepEqual(countsOf(others), ['1 1'], 'the other record');
  const accepted = await shares.settle(share, acquired.member, verdictsOn(acquired, 'accept'));
  assert.deepEqual(accepted, ['settled'], 'by a gateway that did not acquire it');

  const brief = await group(shortLockMs);
  const last = another();
  await last.shares.acquire(brief, [0], { ...patient, recordsMax: 1 });
  last.cluster.close();
  assert.deepEqual(await takeAll(shares, brief, 2), ['1 1', '0 2']);
});

test('a waiting call wakes up when a record arrives, and when a lock ends', async (t) => {
  const { shares, group, put, another } = await shareTopic(t);
  const share = await group(shortLockMs);
  const waiting = shares.acquire(share, [0], patient);
  await another().shares.acquire(share, [0], few);
  await put(['late']);
  const acquired = await waiting;
  assert.deepEqual(countsOf(acquired), ['late 1']);
  assert.deepEqual(countsOf(await shares.acquire(share, [0], patient)), ['late 2']);
});

test('a call ends at its time, with nothing', async (t) => {
  const { shares, group } = await shareTopic(t);
  const share = await group();
  for (const waitMsMax of [0, 1, 1_200]) {
    assert.deepEqual((await shares.acquire(share, [0], { ...few, waitMsMax })).records, []);
  }
});

test('what an aborted call acquires is released', async (t) => {
  const { shares, group, put } = await shareTopic(t);
  const share = await group();
  const early = shares.acquire(share, [0], { ...patient, signal: AbortSignal.abort() });
  await assert.rejects(early, { name: 'AbortError' });
  const caller = new AbortController();
  const waiting = shares.acquire(share, [0], { ...patient, signal: caller.signal });
  // The fetch of this one is at the broker once it has answered another one.
  await shares.acquire(share, [0], few);
  caller.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  await put(['kept']);
  const [text] = await takeAll(shares, share, 1);
  assert.match(text!, /^kept [12]$/);
});

test('markers and aborted records are never delivered, and block nothing', async (t) => {
  const { topic, shares, group, put } = await shareTopic(t);
  const transactionalId = `tx-${topic.name}`;
  const producer = topic.kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  t.after(() => producer.disconnect());
  await producer.connect();
  const expected: string[] = [];
  for (const [count, end] of [
    ...[[3, 'commit'] as const, [25, 'abort'] as const, [2, 'commit'] as const],
    ...[[1, 'abort'] as const, [1, 'abort'] as const],
  ]) {
    const transaction = await producer.transaction();
    const values = numbers(count).map((each) => `${end} ${each}`);
    const messages = values.map((value) => ({ value }));
    await transaction.send({ topic: topic.name, messages });
    await transaction[end]();
    if (end === 'commit') expected.push(...values);
  }
  await untilEnd(topic, 32n + 5n);
  await put(['last']);
  const share = await group();
  const limits = { ...patient, recordsMax: 4 };
  const taken = await takeAll(shares, share, expected.length + 1, limits);
  assert.deepEqual(
    taken,
    [...expected, 'last'].map((value) => `${value} 1`),
  );
  assert.deepEqual((await shares.acquire(share, [0], few)).records, []);
  await untilTrue('everything to be done with', async () => {
    await shares.acquire(share, [0], few);
    return (await shares.positions(share)).get(0)?.left === 0;
  });
});

test('batches of every compression are delivered, record by record', async (t) => {
  const { topic, shares, group } = await shareTopic(t);
  const leader = await topic.cluster.leaderOf(topic.name, 0);
  const sent: string[] = [];
  for (const compression of compressionNames) {
    const values = numbers(20).map((each) => `${compression} ${each}`);
    sent.push(...values);
    const records = values.map((value) => recordOf(value, 'k'));
    const batch = await encodeCompressedBatch(records, Date.now(), compression);
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
  const share = await group();
  const taken: string[] = [];
  while (taken.length < sent.length) {
    const acquired = await shares.acquire(share, [0], { ...patient, recordsMax: 7 });
    assert.ok(acquired.records.length > 0 && acquired.records.length <= 7);
    for (const { offset, key, value } of acquired.records) {
      assert.equal(offset, BigInt(taken.length));
      assert.equal(`${key}`, 'k');
      taken.push(`${value}`);
    }
  }
  assert.deepEqual(taken, sent);
});
