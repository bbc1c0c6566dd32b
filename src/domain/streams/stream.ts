/**
 * A stream and its shards, as the catalog keeps them and both front doors see them.
 * Pure data: no protocol's names, no I/O.
 */

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
 * Whose rules the stream follows on both doors: `kinesis` for streams made by CreateStream,
 * `kafka` for topics that nobody made through Kinesis.
 */
export type StreamRules = 'kinesis' | 'kafka';

/** How a partition key put through the Kinesis door finds its shard. */
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
  /** Present once the shard is closed: no record is at or after endOffset. */
  readonly closed?: { readonly endOffset: Offset; readonly closedAtMs: number };
};

export type Stream = {
  readonly name: string;
  /** Identity of the backing log (Kafka's topic id); changes when it is deleted and made again. */
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
  /** Those of enhanced fan-out, ordered by name. */
  readonly consumers: readonly Consumer[];
  /** Ordered by index; open and closed ones. */
  readonly shards: readonly Shard[];
  /** What the owner set besides; absent where nothing was. */
  readonly settings?: StreamSettings;
  /** Present while shards are being split or merged; the stream is UPDATING. */
  readonly resharding?: Resharding;
  /** An active stream is shown as UPDATING until then; see statusAt. */
  readonly updatingUntilMs?: number;
  /** Grows by one with every change; changes are conditional on it. */
  readonly version: number;
};

/** What listings say of a stream; made without reading its shards. */
export type StreamSummary = Pick<
  Stream,
  'name' | 'logId' | 'rules' | 'status' | 'updatingUntilMs' | 'mode' | 'createdAtMs' | 'version'
> & {
  /** Absent in rows that were written before it was kept. */
  readonly openShardCount?: number;
};

export type Consumer = {
  readonly name: string;
  /** Its second is part of the consumer's ARN, and tells it from a former one of the name. */
  readonly createdAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Its resource policy, byte for byte as it was put. */
  readonly policy?: string;
};

/** In the order in which AWS lists them. */
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

/** From this moment on records are encrypted with the key, or not at all. */
export type EncryptionChange = { readonly atMs: number; readonly keyId?: string };

/** The highest rate of a day (UTC), over one window of measuring. */
export type DayPeak = {
  /** Days since 1970. */
  readonly day: number;
  readonly bytesPerSecond: number;
  readonly recordsPerSecond: number;
};

export type OnDemandHistory = {
  /** One a day, oldest first, of the last 30 days. */
  readonly peaks: readonly DayPeak[];
  /** When shards were last merged; once a day at most. */
  readonly mergedAtMs?: number;
};

export type StreamSettings = {
  /** Of enhanced monitoring, in the order of `shardLevelMetrics`. */
  readonly metrics?: readonly ShardLevelMetric[];
  /** Oldest first; the last one holds. */
  readonly encryption?: readonly EncryptionChange[];
  /** When the mode was changed lately, oldest first. */
  readonly modeChangesMs?: readonly number[];
  /** When UpdateShardCount was called lately, oldest first. */
  readonly shardCountChangesMs?: readonly number[];
  /** Writes that an on-demand stream is to be ready for, in MiB per second. */
  readonly warmThroughputMiBps?: number;
  /** What an on-demand stream was used for; absent where it has not been yet. */
  readonly onDemand?: OnDemandHistory;
  /** The resource policy, byte for byte as it was put. */
  readonly policy?: string;
};

export type PlannedShard = Pick<Shard, 'startingHashKey' | 'endingHashKey'> & {
  readonly parentIndex: number;
  readonly adjacentParentIndex?: number;
};

/** Children have the indexes that follow those of the stream's shards. */
export type Round = {
  readonly parents: readonly number[];
  readonly children: readonly PlannedShard[];
};

/**
 * A round under way. While it drains, parents take records; once it is sealed, nobody may
 * acknowledge one, so that their end can be told. docs/decisions/0007-resharding.md.
 */
export type Resharding = Round & {
  readonly step: 'draining' | 'sealed';
  /**
   * The stream's version at which a gateway took the work up: another one's is greater, and what
   * the former still does is void.
   */
  readonly attempt: number;
  /** Open shards that are wanted in the end, where rounds are to follow. */
  readonly target?: number;
};

export function isOpen(shard: Shard): boolean {
  return shard.closed === undefined;
}

/** `shardId-%012d` */
export function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

/** The index of a shard id, or undefined when it is not one. */
export function shardIndexOf(shardId: string): number | undefined {
  const digits = /^shardId-(\d{12})$/.exec(shardId)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
