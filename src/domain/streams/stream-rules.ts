/** Pure transitions of streams: how a stream is created, and how it follows its topic. */
import { evenRanges } from './hash-key.ts';
import {
  isOpen,
  type Partitioner,
  type Shard,
  type Stream,
  type StreamMode,
  type StreamSettings,
} from './stream.ts';

export const retentionHoursDefault = 24;
export const retentionHoursMax = 8760;
export const recordKiBMaxDefault = 1024;

const hourMs = 3_600_000;

export type NewStream = {
  readonly name: string;
  readonly shardCount: number;
  readonly mode: StreamMode;
  readonly retentionHours?: number;
  readonly recordKiBMax?: number;
  readonly partitioner?: Partitioner;
  readonly tags?: Readonly<Record<string, string>>;
  readonly settings?: StreamSettings;
};

/** A stream as CreateStream starts it: it has no log yet. */
export function newStream(request: NewStream, nowMs: number): Stream {
  return {
    name: request.name,
    logId: '',
    rules: 'kinesis',
    status: 'CREATING',
    mode: request.mode,
    partitioner: request.partitioner ?? 'md5-range',
    createdAtMs: nowMs,
    retentionHours: request.retentionHours ?? retentionHoursDefault,
    recordKiBMax: request.recordKiBMax ?? recordKiBMaxDefault,
    tags: request.tags ?? {},
    consumers: [],
    shards: evenShards(request.shardCount, Math.floor(nowMs / 1000)),
    ...(request.settings === undefined ? {} : { settings: request.settings }),
    version: 1,
  };
}

/** The log exists: the stream gets the log's identity and becomes ACTIVE. */
export function activated(stream: Stream, logId: string): Stream {
  return { ...stream, logId, status: 'ACTIVE' };
}

/** The description of a topic that was not created through Kinesis. */
export type Topic = {
  readonly name: string;
  readonly logId: string;
  readonly partitionCount: number;
  readonly retentionMs: number;
  readonly recordBytesMax: number;
};

/**
 * The stream that represents a topic created on the Kafka side. `former` is the stream that had the
 * name before: the new one's creation second is later, so sequence numbers keep growing.
 */
export function adopted(topic: Topic, nowMs: number, former?: Stream): Stream {
  const createdAtMs = Math.max(nowMs, former === undefined ? 0 : nextCreationMs(former));
  return {
    name: topic.name,
    logId: topic.logId,
    rules: 'kafka',
    status: 'ACTIVE',
    mode: 'PROVISIONED',
    partitioner: 'murmur2',
    createdAtMs,
    retentionHours: retentionHoursShown(topic.retentionMs),
    recordKiBMax: recordKiBShown(topic.recordBytesMax),
    tags: {},
    consumers: [],
    shards: evenShards(topic.partitionCount, Math.floor(createdAtMs / 1000)),
    version: (former?.version ?? 0) + 1,
  };
}

/**
 * The topic has more partitions: every partition is an open shard, and the ranges are even again.
 * Existing shards keep their creation second, and so their sequence numbers.
 */
export function grown(stream: Stream, partitionCount: number, nowMs: number): Stream {
  const seconds = Math.max(Math.floor(nowMs / 1000), Math.floor(stream.createdAtMs / 1000));
  const shards = evenShards(partitionCount, seconds).map((shard) => ({
    ...shard,
    createdAtSeconds: stream.shards[shard.index]?.createdAtSeconds ?? seconds,
  }));
  return { ...stream, shards };
}

/**
 * The stream takes over its log's retention and record size, which may have been changed on the
 * Kafka side.
 */
export function following(
  stream: Stream,
  log: { readonly retentionMs: number; readonly recordBytesMax: number },
): Stream {
  const retentionHours = retentionHoursShown(log.retentionMs);
  const recordKiBMax = recordKiBShown(log.recordBytesMax);
  if (retentionHours === stream.retentionHours && recordKiBMax === stream.recordKiBMax) {
    return stream;
  }
  return { ...stream, retentionHours, recordKiBMax };
}

/**
 * Whole hours, at least one; for a log that keeps records forever, the longest period of Kinesis.
 */
export function retentionHoursShown(retentionMs: number): number {
  if (retentionMs < 0) return retentionHoursMax;
  return Math.min(Math.max(Math.round(retentionMs / hourMs), 1), retentionHoursMax);
}

export function retentionMsOf(retentionHours: number): number {
  return retentionHours * hourMs;
}

/** Whole KiB, at least one. */
export function recordKiBShown(recordBytesMax: number): number {
  return Math.max(Math.floor(recordBytesMax / 1024), 1);
}

/** The earliest time whose second is later than that of every shard of the stream. */
export function nextCreationMs(stream: Stream): number {
  let latest = Math.floor(stream.createdAtMs / 1000);
  for (const { createdAtSeconds } of stream.shards) latest = Math.max(latest, createdAtSeconds);
  return (latest + 1) * 1000;
}

/** Whether a Kafka topic has more partitions than its stream has shards. */
export function mustGrow(stream: Stream, partitionCount: number): boolean {
  return stream.rules === 'kafka' && stream.shards.length < partitionCount;
}

export function openShardCount(stream: Stream): number {
  let count = 0;
  for (const shard of stream.shards) if (isOpen(shard)) count += 1;
  return count;
}

function evenShards(count: number, createdAtSeconds: number): readonly Shard[] {
  return evenRanges(count).map((range, index) => ({ index, ...range, createdAtSeconds }));
}
