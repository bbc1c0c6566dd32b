/** Batches and records as they are read, whatever message format the log has them in. */
import type { Compression } from './compression.ts';

/** The header of a batch, and where its records are. */
export type RecordBatch = {
  /** Message format: 2, or 0 or 1 for a message of an old log. */
  readonly magic: number;
  /**
   * What the offsetDelta of a record counts from: the first offset; but the last one for messages
   * compressed together in an old format, which say no other (their deltas are negative).
   */
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  /** Records in the batch; −1 where only decompression tells, in old formats. */
  readonly recordCount: number;
  /** −1 where there is none: in format 0, and in batches that compaction has emptied. */
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  /** The log stamped the records: every one has the batch's max timestamp. */
  readonly appendTime: boolean;
  readonly compression: Compression;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  /** The whole batch. */
  readonly bytes: Buffer;
  /** The records; undefined while they are compressed: see unpackBatch. */
  readonly plain: Buffer | undefined;
};

export type BatchRecord = {
  /** Distance from the batch's base offset. */
  readonly offsetDelta: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
};
