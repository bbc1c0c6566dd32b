/**
 * A stream and its shards, as the catalog stores them and both front doors see them. Pure data: no
 * names of a protocol, no I/O.
 */
import type { QueueRef } from '../queues/queue.ts';

/** Position of a record in a shard's log; counts from 0. */
export type Offset = bigint & { readonly offset: unique symbol };
/** Unsigned 128-bit number: MD5 of a partition key, or an end of a shard's range. */
export type HashKey = bigint & { readonly hashKey: unique symbol };

export function toOffset(value: bigint): Offset {
  return value as Offset;
}

export type StreamStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';
export type StreamMode = 'PROVISIONED' | 'ON_DEMAND';

/**
 * Whose rules the stream follows on both doors: `kinesis` for streams created by CreateStream,
 * `kafka` for topics that were not created through Kinesis.
 */
export type StreamRules = 'kinesis' | 'kafka';

/**
 * How the shard of a record put through the Kinesis door is chosen: `USER_PARTITION_KEY` by its
 * partition key, `AUTO` by turns.
 */
export const recordDistributions = ['AUTO', 'USER_PARTITION_KEY'] as const;
export type RecordDistribution = (typeof recordDistributions)[number];

/** How the shard of a partition key put through the Kinesis door is chosen. */
export type Partitioner = 'md5-range' | 'murmur2' | 'crc32';

export type Shard = {
  /** Shard index = partition number. */
  readonly index: number;
  readonly startingHashKey: HashKey;
  readonly endingHashKey: HashKey;
  /** Second of creation; part of every sequence number of the shard. */
  readonly createdAtSeconds: number;
  readonly parentIndex?: number;
  readonly adjacentParentIndex?: number;
  /** Present once the shard is closed: it has no record at or after endOffset. */
  readonly closed?: { readonly endOffset: Offset; readonly closedAtMs: number };
};

export type Stream = {
  readonly name: string;
  /**
   * Identity of the backing log (Kafka's topic id); it changes when the log is deleted and created
   * again.
   */
  readonly logId: string;
  readonly rules: StreamRules;
  readonly status: StreamStatus;
  readonly mode: StreamMode;
  readonly partitioner: Partitioner;
  readonly createdAtMs: number;
  readonly retentionHours: number;
  /** Largest record (data and key) in KiB, 1,024 to 10,240. */
  readonly recordKiBMax: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Registered consumers (enhanced fan-out), ordered by name. */
  readonly consumers: readonly Consumer[];
  /** Ordered by index; open and closed ones. */
  readonly shards: readonly Shard[];
  /** Further settings; absent if there are none. */
  readonly settings?: StreamSettings;
  /** Present while shards are being split or merged; the stream is UPDATING. */
  readonly resharding?: Resharding;
  /** An active stream is shown as UPDATING until this time; see statusAt. */
  readonly updatingUntilMs?: number;
  /** Incremented by every change; changes are conditional on it. */
  readonly version: number;
};

/** What listings show of a stream; obtained without reading its shards. */
export type StreamSummary = Pick<
  Stream,
  'name' | 'logId' | 'rules' | 'status' | 'updatingUntilMs' | 'mode' | 'createdAtMs' | 'version'
> & {
  /** Absent in rows that were written by versions that did not store it. */
  readonly openShardCount?: number;
};

export type Consumer = {
  readonly name: string;
  /**
   * Its second is part of the consumer's ARN, and distinguishes it from a former consumer of that
   * name.
   */
  readonly createdAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Its resource policy, byte for byte as it was received. */
  readonly policy?: string;
};

/** In AWS's order. */
export const shardLevelMetrics = [
  'IncomingBytes',
  'OutgoingRecords',
  'IteratorAgeMilliseconds',
  'IncomingRecords',
  'ReadProvisionedThroughputExceeded',
  'WriteProvisionedThroughputExceeded',
  'OutgoingBytes',
] as const;
export type ShardLevelMetric = (typeof shardLevelMetrics)[number];

/** From this time on, records are encrypted with the key, or not at all if there is none. */
export type EncryptionChange = { readonly atMs: number; readonly keyId?: string };

/** The highest rate of a day (UTC), over one window of measuring. */
export type DayPeak = {
  /** Days since 1970. */
  readonly day: number;
  readonly bytesPerSecond: number;
  readonly recordsPerSecond: number;
};

export type OnDemandHistory = {
  /** One per day, oldest first, for the last 30 days. */
  readonly peaks: readonly DayPeak[];
  /** When shards were last merged; they are merged once a day at most. */
  readonly mergedAtMs?: number;
};

export type StreamSettings = {
  /** Enhanced monitoring: the enabled metrics, in the order of `shardLevelMetrics`. */
  readonly metrics?: readonly ShardLevelMetric[];
  /** Oldest first; the last one is in effect. */
  readonly encryption?: readonly EncryptionChange[];
  /** Recent changes of the mode, oldest first. */
  readonly modeChangesMs?: readonly number[];
  /** Recent calls of UpdateShardCount, oldest first. */
  readonly shardCountChangesMs?: readonly number[];
  /**
   * The warm throughput of an on-demand stream: writes that it must be ready for, in MiB per
   * second.
   */
  readonly warmThroughputMiBps?: number;
  /** Of an on-demand stream; `USER_PARTITION_KEY` if absent, as in every provisioned one. */
  readonly distribution?: RecordDistribution;
  /** The usage history of an on-demand stream; absent if it has not been used yet. */
  readonly onDemand?: OnDemandHistory;
  /** The resource policy, byte for byte as it was received. */
  readonly policy?: string;
  /** The queues of the stream, ordered by id; those that are being created or deleted included. */
  readonly queues?: readonly QueueRef[];
};

export type PlannedShard = Pick<Shard, 'startingHashKey' | 'endingHashKey'> & {
  readonly parentIndex: number;
  readonly adjacentParentIndex?: number;
};

/** Children get the indexes that follow those of the stream's shards. */
export type Round = {
  readonly parents: readonly number[];
  readonly children: readonly PlannedShard[];
};

/**
 * A round in progress. While it is draining, the parents accept records; once it is sealed, no
 * gateway may acknowledge one, so that the parents' ends can be determined. See
 * docs/decisions/0007-resharding.md.
 */
export type Resharding = Round & {
  readonly step: 'draining' | 'sealed';
  /**
   * The stream's version at which a gateway took over the work. A later gateway's is greater, and
   * whatever the former gateway still does has no effect.
   */
  readonly attempt: number;
  /** The wanted number of open shards, if further rounds are to follow. */
  readonly target?: number;
};

export function isOpen(shard: Shard): boolean {
  return shard.closed === undefined;
}

/** `shardId-%012d` */
export function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

/** The index of a shard id, or undefined if the text is not a shard id. */
export function shardIndexOf(shardId: string): number | undefined {
  const digits = /^shardId-(\d{12})$/.exec(shardId)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
