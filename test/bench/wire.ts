/**
 * The codec alone, by hand: `node --import tsx test/bench/wire.ts [name]`. One core, no network.
 */
import { compressionNames } from '../../src/wire/compression.ts';
import { decodeMessage, type Fields, type Input, type Message } from '../../src/wire/message.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import { metadataResponse, passingMetadataResponse } from '../../src/wire/messages/03-metadata.ts';
import {
  encodeBatch,
  encodeCompressedBatch,
  isIntact,
  readBatches,
  recordsOf,
  unpackBatch,
} from '../../src/wire/record-batch.ts';

const warmUpMs = 300;
const measureMs = 700;
const chosen = process.argv[2];

type Work = () => unknown;

/**
 * Prints how often `work` runs in a second of processor time, which is the same beside other
 * programs, times the units that one run does.
 */
async function measure(name: string, unit: string, unitsEach: number, work: Work): Promise<void> {
  if (chosen !== undefined && !name.includes(chosen)) return;
  await runFor(warmUpMs, work);
  const { runs, seconds } = await runFor(measureMs, work);
  const rate = (runs * unitsEach) / seconds;
  const each = `${((seconds / runs) * 1e6).toFixed(1)} µs`;
  const shown = Math.round(rate).toLocaleString('en');
  process.stdout.write(`${name.padEnd(44)} ${each.padStart(12)} ${shown.padStart(14)} ${unit}/s\n`);
}

async function runFor(durationMs: number, work: Work): Promise<{ runs: number; seconds: number }> {
  const start = process.cpuUsage();
  for (let runs = 1; ; runs++) {
    const result = work();
    if (result instanceof Promise) await result;
    if (runs % 16 !== 0) continue;
    const { user, system } = process.cpuUsage(start);
    if (user + system >= durationMs * 1000) return { runs, seconds: (user + system) / 1e6 };
  }
}

async function measureMessage<F extends Fields>(
  name: string,
  table: Message<F>,
  version: number,
  value: Input<F>,
): Promise<void> {
  const encoded = encodeMessage(table, version, value);
  const title = `${table.name} v${version}, ${name}`;
  await measure(`decode ${title}`, 'messages', 1, () => decodeMessage(table, version, encoded));
  await measure(`encode ${title}`, 'messages', 1, () => encodeMessage(table, version, value));
}

const topicId = 'cHbT4p1vT5mXcZbBq1v7Xg';
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

async function measureMessages(partitions: number): Promise<void> {
  const records = Buffer.alloc(1_000);
  const name = `${partitions} partitions`;
  await measureMessage(name, produceRequest, 13, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ topicId, partitionData: range(partitions).map((index) => ({ index, records })) }],
  });
  await measureMessage(name, produceResponse, 13, {
    responses: [
      {
        topicId,
        partitionResponses: range(partitions).map((index) => ({ index, baseOffset: 123_456n })),
      },
    ],
  });
  await measureMessage(name, fetchRequest, 17, {
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
  await measureMessage(name, fetchResponse, 17, {
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
  const metadata: Input<typeof metadataResponse.fields> = {
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
  };
  await measureMessage(name, metadataResponse, 13, metadata);
  const encoded = encodeMessage(metadataResponse, 13, metadata);
  await measure(`pass MetadataResponse v13, ${name}`, 'messages', 1, () =>
    encodeMessage(passingMetadataResponse, 13, decodeMessage(passingMetadataResponse, 13, encoded)),
  );
}

async function measureBatches(): Promise<void> {
  const records = range(500).map((index) => ({
    key: Buffer.from(`partition-key-${index}`),
    value: Buffer.from(JSON.stringify({ index, text: 'some words of a record '.repeat(42) })),
  }));
  const now = Date.now();
  await measure('encode batch of 500 x 1 KB', 'records', 500, () => encodeBatch(records, now));
  for (const compression of compressionNames) {
    const encoded = await encodeCompressedBatch(records, now, compression);
    const title = `${compression}, batch of 500 x 1 KB`;
    await measure(`decode ${title}`, 'records', 500, async () =>
      recordsOf(await unpackBatch(readBatches(encoded)[0]!)),
    );
  }
  const small = range(500).map((index) => ({ key: null, value: Buffer.from(`value ${index}`) }));
  const encoded = encodeBatch(small, now);
  await measure('encode batch of 500 x 10 B', 'records', 500, () => encodeBatch(small, now));
  await measure('decode batch of 500 x 10 B', 'records', 500, () =>
    recordsOf(readBatches(encoded)[0]!),
  );
  await measure('check batch of 500 x 10 B', 'records', 500, () =>
    isIntact(readBatches(encoded)[0]!),
  );
}

await measureMessages(1);
await measureMessages(500);
await measureBatches();
