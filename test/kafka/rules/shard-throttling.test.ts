/** Frames of every version, encoded by the wire tables, and what throttling makes of them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { activated, newStream } from '../../../src/domain/streams/stream-rules.ts';
import { throttleMsMax } from '../../../src/domain/limits/rate-limit.ts';
import type { Stream } from '../../../src/domain/streams/stream.ts';
import { scanProduce } from '../../../src/wire/scan/produce.ts';
import { readHead } from '../../../src/wire/scan/request-head.ts';
import {
  heldFetchBytesMax,
  produceThrottle,
  ShardThrottling,
} from '../../../src/kafka/rules/shard-throttling.ts';
import type { LimitObserver } from '../../../src/ports/observer.ts';
import { ShardLimits } from '../../../src/streams/limits/shard-limits.ts';
import { produceRequest, produceResponse } from '../../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../../src/wire/messages/01-fetch.ts';
import { encodeBatch } from '../../../src/wire/record-batch.ts';
import { answerFrame, readAnswer, requestFrame } from '../../support/frames.ts';
import { versionsOf } from '../../support/wire-values.ts';

const streamId = 'AAAAAAAAAAAAAAAAAAAAAQ';
const topicId = 'AAAAAAAAAAAAAAAAAAAAAg';
const produceVersions = versionsOf(produceRequest);
const fetchVersions = versionsOf(fetchRequest);
const mib = 1024 * 1024;

function streamOf(name: string, rules: 'kinesis' | 'kafka', logId: string): Stream {
  const made = newStream({ name, shardCount: 2, mode: 'PROVISIONED' }, 1_000_000);
  return { ...activated(made, logId), rules };
}

const stream = streamOf('stream', 'kinesis', streamId);
const topic = streamOf('topic', 'kafka', topicId);

function throttling() {
  const clock = { ms: 0, nowMs: () => clock.ms };
  const shards = new ShardLimits(clock);
  const seen: Parameters<LimitObserver['throttled']>[] = [];
  const asked: string[] = [];
  const names = new Map([
    [streamId, 'stream'],
    [topicId, 'topic'],
  ]);
  const made = new ShardThrottling({
    shards,
    observer: { throttled: (...what) => void seen.push(what) },
    streams: {
      known: (name) => [stream, topic].find((each) => each.name === name),
      async find(name) {
        asked.push(name);
        throw new Error('not found');
      },
    },
    topicNames: { get: (id) => names.get(id) },
  });
  return { made, shards, clock, seen, asked };
}

const batchOf = (count: number, bytes: number) =>
  encodeBatch(
    Array.from({ length: count }, () => ({ key: null, value: Buffer.alloc(bytes) })),
    0,
  );

function produced(version: number, records: readonly Buffer[]) {
  const partitionData = records.map((each, index) => ({ index, records: each }));
  return requestFrame(produceRequest, version, {
    transactionalId: 'a transaction',
    acks: -1,
    timeoutMs: 1_000,
    topicData: [
      { name: 'topic', topicId, partitionData: [{ index: 0, records: batchOf(900, 1) }] },
      { name: 'stream', topicId: streamId, partitionData },
    ],
  });
}

function topicsOf(pieces: readonly Buffer[]) {
  return scanProduce(pieces, readHead(Buffer.concat(pieces), 0)!).topics;
}

test('what is produced to a stream counts in bytes and in records, in each version', () => {
  for (const version of produceVersions) {
    const { made, shards, seen } = throttling();
    const frame = produced(version, [batchOf(400, 1), batchOf(1, 500_000)]);
    const cut = [frame.subarray(0, 5), frame.subarray(5, 300), frame.subarray(300)];
    assert.equal(made.charge(topicsOf([frame]), [stream]), 0);
    assert.equal(made.charge(topicsOf(cut), [stream]), 0);
    assert.deepEqual(seen, []);
    assert.equal(made.charge(topicsOf([frame]), [stream]), 431, 'bytes of the second shard');
    assert.equal(made.charge(topicsOf([frame]), []), 0, 'a topic alone is not inspected');
    assert.deepEqual(seen, [['kafka', 'Produce', 'provisioned', 1]]);
    assert.equal(shards.takeWrite(stream, 0, 1, 1), 201, 'records of the first shard');
    assert.equal(shards.takeWrite(topic, 0, mib, 1_000), 0);
  }
});

test('what a closed shard is sent counts for its open descendant', () => {
  const { made, shards } = throttling();
  const [first, second] = stream.shards;
  const closed = { endOffset: 9n as never, closedAtMs: 0 };
  const split = {
    ...stream,
    shards: [{ ...first!, closed }, second!, { ...first!, index: 2, parentIndex: 0 }],
  };
  const frame = produced(9, [batchOf(1_500, 1)]);
  assert.equal(made.charge(topicsOf([frame]), [split]), 500);
  assert.equal(shards.takeWrite(split, 0, mib, 1_000), 0);
  assert.equal(shards.takeWrite(split, 2, 1, 1), 501);
});

test('partitions that are not shards have no budget', () => {
  const { made } = throttling();
  const partitionData = [{ index: 2 ** 31 - 1, records: batchOf(9_000, 1) }];
  const topicData = [{ name: 'stream', topicId: streamId, partitionData }];
  const frame = requestFrame(produceRequest, 9, { acks: 1, timeoutMs: 1, topicData });
  assert.equal(made.charge(topicsOf([frame]), [stream]), 0);
});

test('a header that claims too many records costs the longest wait and no more', () => {
  const { made, shards } = throttling();
  const batch = batchOf(1, 1);
  batch.writeInt32BE(2 ** 31 - 1, 57);
  const frame = produced(9, [batch]);
  assert.equal(made.charge(topicsOf([frame]), [stream]), throttleMsMax);
  assert.equal(shards.takeWrite(stream, 0, 1, 1), throttleMsMax + 1);
});

test('the wait is written into an answer to Produce, and nothing else is, in each version', () => {
  for (const version of produceVersions) {
    const partition = {
      index: 1,
      errorCode: 0,
      baseOffset: 5n,
      recordErrors: version >= 8 ? [{ batchIndex: 3, batchIndexErrorMessage: 'bad' }] : [],
      errorMessage: version >= 8 ? 'bad' : null,
      ...(version >= 10 ? { currentLeader: { leaderId: 3, leaderEpoch: 4 } } : {}),
    };
    const answer = {
      responses: [
        { name: 'one', topicId, partitionResponses: [partition, partition] },
        { name: 'two', topicId: streamId, partitionResponses: [] },
      ],
      ...(version >= 10 ? { nodeEndpoints: [{ nodeId: 1, host: 'h', port: 2 }] } : {}),
    };
    for (const [theirs, ours, told] of [[0, 70, 70] as const, [90, 70, 90] as const]) {
      const frame = answerFrame(produceResponse, version, { ...answer, throttleTimeMs: theirs });
      const before = readAnswer(produceResponse, version, frame);
      assert.equal(produceThrottle(version, ours)(frame), ours);
      const after = readAnswer(produceResponse, version, frame);
      assert.deepEqual(after, { ...before, throttleTimeMs: told });
    }
  }
});

function fetching(
  version: number,
  names: readonly string[],
  more: { sessionId?: number; sessionEpoch?: number } = {},
) {
  const topics = names.map((name) => ({
    topic: name,
    topicId: name === 'stream' ? streamId : name === 'topic' ? topicId : name,
    partitions: [
      { partition: 0, fetchOffset: 1n, partitionMaxBytes: 1 },
      { partition: 1, fetchOffset: 1n, partitionMaxBytes: 1 },
    ],
  }));
  const session = version >= 7 ? more : {};
  const value = { maxWaitMs: 1, minBytes: 1, isolationLevel: 0, topics, ...session };
  return requestFrame(fetchRequest, version, value);
}

function fetched(version: number, records: readonly number[]) {
  const partitionOf = (index: number, size: number) => ({
    partitionIndex: index,
    errorCode: 0,
    highWatermark: 1n,
    ...(version >= 12 ? { divergingEpoch: { epoch: 1, endOffset: 2n } } : {}),
    abortedTransactions: [{ producerId: 1n, firstOffset: 2n }],
    records: Buffer.alloc(size),
  });
  return answerFrame(fetchResponse, version, {
    throttleTimeMs: 0,
    responses: [
      { topic: 'topic', topicId, partitions: [partitionOf(0, 3 * mib)] },
      {
        topic: 'stream',
        topicId: streamId,
        partitions: records.map((size, index) => partitionOf(index, size)),
      },
    ],
  });
}

test('what is read of a stream counts, and its answer tells the wait, in each version', () => {
  for (const version of fetchVersions) {
    const { made, shards, seen } = throttling();
    const request = fetching(version, ['topic', 'stream'], { sessionEpoch: 0 });
    const throttle = made.reader().look(request, 0, readHead(request, 0)!);
    const within = fetched(version, [2 * mib, mib]);
    const before = Buffer.from(within);
    assert.equal(throttle?.(within), 0);
    assert.ok(within.equals(before));
    const over = fetched(version, [mib, 3 * mib]);
    assert.equal(throttle?.(over), 1_000);
    const told = readAnswer(fetchResponse, version, over);
    assert.equal(told.throttleTimeMs, 1_000);
    assert.equal(told.responses[1]!.partitions[1]!.records?.length, 3 * mib);
    assert.deepEqual(seen, [['kafka', 'Fetch', 'provisioned', 1]]);
    assert.equal(shards.beginRead(stream, 0), 500, 'GetRecords waits for what Kafka has read');
    assert.equal(shards.beginRead(stream, 1), 1_000);
  }
});

test('answers pass unseen while a session has no stream in it, and are held when it has', () => {
  for (const version of fetchVersions) {
    const { made, asked } = throttling();
    const reader = made.reader();
    const look = (names: readonly string[], sessionEpoch: number) => {
      const frame = fetching(version, names, { sessionId: 1, sessionEpoch });
      return reader.look(frame, 0, readHead(frame, 0)!) !== undefined;
    };
    if (version >= 7) assert.equal(look([], 5), true, 'nobody knows what the session has');
    assert.equal(look(['topic'], 0), false);
    if (version >= 7) assert.equal(look([], 1), false);
    assert.equal(look(['topic', 'stream'], 2), true);
    if (version >= 7) assert.equal(look([], 3), true);
    assert.equal(look(['topic'], 0), false, 'a session that begins has what it names');
    assert.equal(look(['topic'], -1), false);
    assert.deepEqual(asked, []);
    assert.equal(look([version >= 13 ? 'AAAAAAAAAAAAAAAAAAAAAw' : 'unknown'], -1), true);
    assert.deepEqual(asked, version >= 13 ? [] : ['unknown']);
  }
});

test('answers that are held are asked for in a bounded size; others as the client likes', () => {
  for (const version of fetchVersions) {
    const { made } = throttling();
    const reader = made.reader();
    for (const [name, isCut] of [['topic', false] as const, ['stream', true] as const]) {
      const frame = fetching(version, [name], { sessionEpoch: -1 });
      const before = Buffer.from(frame);
      reader.look(frame, 0, readHead(frame, 0)!);
      assert.equal(!frame.equals(before), isCut);
      if (!isCut) continue;
      const at = before.indexOf(Buffer.from([0x7f, 0xff, 0xff, 0xff]));
      assert.equal(frame.readInt32BE(at), heldFetchBytesMax);
      before.writeInt32BE(heldFetchBytesMax, at);
      assert.ok(frame.equals(before));
    }
  }
});

test('an incomplete request is inspected through its response', () => {
  const { made } = throttling();
  const frame = fetching(12, ['topic'], { sessionEpoch: 0 });
  const part = frame.subarray(0, 60);
  assert.notEqual(made.reader().look(part, 0, readHead(part, 0)!), undefined);
});
