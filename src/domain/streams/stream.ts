/**
 * A stream and its shards, as the catalog keeps them and both front doors see them.
 * Pure data: no protocol's names, no I/O.
 */

import type { Consumer } from './consumers.ts';
import type { Resharding } from './reshard.ts';
import type { StreamSettings } from './stream-settings.ts';

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
