/**
 * The codec alone, by hand: `node --import tsx test/bench/wire.ts [name]`. One core, no network.
 */
import { compressionNames } from '../../src/wire/compression.ts';
import { decodeMessage, type Fields, type Input, type Message } from '../../src/wire/message.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import { metadataResponse } from '../../src/wire/messages/03-metadata.ts';
import {
  encodeBatch,
  encodeCompressedBatch,
  isIntact,
  readBatches,
  recordsOf,
} from '../../src/wire/record-batch.ts';

const warmUpMs = 300;
const measureMs = 700;
const chosen = process.argv[2];

/** Prints how often a second `work` runs, times the units that it does. */
function measure(name: string, unit: string, unitsEach: number, work: () => void): void {
  if (chosen !== undefined && !name.includes(chosen)) return;
  runFor(warmUpMs, work);
  const { runs, seconds } = runFor(measureMs, work);
  const rate = (runs * unitsEach) / seconds;
  const each = `${((seconds / runs) * 1e6).toFixed(1)} µs`;
  const shown = Math.round(rate).toLocaleString('en');
  process.stdout.write(`${name.padEnd(44)} ${each.padStart(12)} ${shown.padStart(14)} ${unit}/s\n`);
}

function runFor(durationMs: number, work: () => void): { runs: number; seconds: number } {
  const start = performance.now();
  let runs = 0;
  let now = start;
  for (; now - start < durationMs; now = performance.now()) {
    work();
    runs++;
  }
  return { runs, seconds: (now - start) / 1000 };
}

function measureMessage<F extends Fields>(
  name: string,
  table: Message<F>,
  version: number,
  value: Input<F>,
): void {
  const encoded = encodeMessage(table, version, value);
  const title = `${table.name} v${version}, ${name}`;
  measure(`decode ${title}`, 'messages', 1, () => decodeMessage(table, version, encoded));
  measure(`encode ${title}`, 'messages', 1, () => encodeMessage(table, version, value));
}

const topicId = 'cHbT4p1vT5mXcZbBq1v7Xg';
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

function measureMessages(partitions: number): void {
  const records = Buffer.alloc(1_000);
  const name = `${partitions} partitions`;
  measureMessage(name, produceRequest, 13, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ topicId, partitionData: range(partitions).map((index) => ({ index, records })) }],
  });
  measureMessage(name, produceResponse, 13, {
    responses: [
      {
        topicId,
        partitionResponses: range(partitions).map((index) => ({ index, baseOffset: 123_456n })),
      },
    ],
  });
  measureMessage(name, fetchRequest, 17, {
    topics: [
      {
        topicId,
        partitions: range(partitions).map((partition) => ({
          partition,
          fetchOffset: 123_456n,
          partitionMaxBytes: 1 << 20,
        })),
      },
    ],
  });
  measureMessage(name, fetchResponse, 17, {
    responses: [
      {
        topicId,
        partitions: range(partitions).map((partitionIndex) => ({
          partitionIndex,
          highWatermark: 123_456n,
          lastStableOffset: 123_456n,
          abortedTransactions: null,
          records,
        })),
      },
    ],
  });
  measureMessage(name, metadataResponse, 13, {
    brokers: range(3).map((nodeId) => ({ nodeId, host: `broker-${nodeId}`, port: 9092 })),
    topics: range(Math.ceil(partitions / 10)).map((topic) => ({
      name: `topic-${topic}`,
      topicId,
      partitions: range(Math.min(10, partitions)).map((partitionIndex) => ({
        partitionIndex,
        leaderId: 1,
        replicaNodes: [1, 2, 3],
        isrNodes: [1, 2, 3],
      })),
    })),
  });
}

async function measureBatches(): Promise<void> {
  const records = range(500).map((index) => ({
    key: Buffer.from(`partition-key-${index}`),
    value: Buffer.from(JSON.stringify({ index, text: 'some words of a record '.repeat(42) })),
  }));
  const now = Date.now();
  measure('encode batch of 500 x 1 KB', 'records', 500, () => encodeBatch(records, now));
  for (const compression of compressionNames) {
    const encoded = await encodeCompressedBatch(records, now, compression);
    const title = `${compression}, batch of 500 x 1 KB`;
    measure(`decode ${title}`, 'records', 500, () => recordsOf(readBatches(encoded)[0]!));
  }
  const small = range(500).map((index) => ({ key: null, value: Buffer.from(`value ${index}`) }));
  const encoded = encodeBatch(small, now);
  measure('encode batch of 500 x 10 B', 'records', 500, () => encodeBatch(small, now));
  measure('decode batch of 500 x 10 B', 'records', 500, () => recordsOf(readBatches(encoded)[0]!));
  measure('check batch of 500 x 10 B', 'records', 500, () => isIntact(readBatches(encoded)[0]!));
}

measureMessages(1);
measureMessages(500);
await measureBatches();
