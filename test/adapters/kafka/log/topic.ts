/** A topic of its own on the real Kafka, and our record log over the same cluster. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { Cluster } from '../../../../adapters/kafka/cluster.ts';
import { KafkaRecordLog } from '../../../../adapters/kafka/record-log.ts';
import type { BackingObserver } from '../../../../src/ports/observer.ts';
import type { AppendRecord, LogPartition, LogRecord } from '../../../../src/ports/record-log.ts';
import { type Offset, toOffset } from '../../../../src/domain/streams/stream.ts';
import { createTopics } from '../../../support/create-topics.ts';
import { sharedEngines } from '../../../support/engines.ts';

// Asked for outside of every test: engines that a test starts would end with that test.
const { kafkaBootstrap } = await sharedEngines();

export type TestTopic = {
  readonly name: string;
  readonly where: LogPartition;
  readonly cluster: Cluster;
  readonly log: KafkaRecordLog;
  readonly kafka: Kafka;
  /** Calls to Kafka so far, by API name. */
  readonly calls: Map<string, number>;
};

export async function testTopic(
  t: TestContext,
  configs: Readonly<Record<string, string>> = {},
  partitions = 1,
): Promise<TestTopic> {
  const [host = '', port] = kafkaBootstrap.split(':');
  const calls = new Map<string, number>();
  const observer: BackingObserver = {
    call: (_engine, operation) => void calls.set(operation, (calls.get(operation) ?? 0) + 1),
  };
  const bootstrap = [{ host, port: Number(port) }];
  const cluster = new Cluster({ bootstrap, clientId: 'test', observer });
  const kafka = new Kafka({ brokers: [kafkaBootstrap], logLevel: logLevel.NOTHING });
  const name = `log-${randomUUID()}`;
  const admin = kafka.admin();
  await admin.connect();
  t.after(async () => {
    cluster.close();
    await admin.deleteTopics({ topics: [name] });
    await admin.disconnect();
  });
  const configEntries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  await createTopics(admin, [{ topic: name, numPartitions: partitions, configEntries }]);
  const where = { log: name, partition: 0 };
  return { name, where, cluster, log: new KafkaRecordLog(cluster), kafka, calls };
}

export const start = toOffset(0n);
export const plenty = { recordsMax: 10_000, bytesMax: 10 * 1024 * 1024, waitMsMax: 0 };

export function recordOf(value: string, key: string | null = null): AppendRecord {
  return { key: key === null ? null : Buffer.from(key), value: Buffer.from(value) };
}

export function valuesOf(records: readonly LogRecord[]): (string | undefined)[] {
  return records.map(({ value }) => value?.toString());
}

/** Reads to the end, however many reads it takes. */
export async function readAll(
  { log, where }: TestTopic,
  from: Offset = start,
  limits = plenty,
): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  let offset = from;
  for (;;) {
    const slice = await log.read(where, offset, limits);
    records.push(...slice.records);
    if (slice.nextOffset >= slice.endOffset) return records;
    offset = slice.nextOffset;
  }
}

/** A transaction's markers are written a moment after it ends: waits for them to be there. */
export async function untilEnd({ log, where }: TestTopic, end: bigint): Promise<void> {
  const giveUpAtMs = Date.now() + 10_000;
  while ((await log.endOffset(where)) < end) {
    if (Date.now() > giveUpAtMs) throw new Error(`the log does not come to ${end}`);
  }
}
