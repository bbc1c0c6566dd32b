/** Batches and records as read, independent of the log's message format. */
import type { Compression } from './compression.ts';

/** The header of a batch, and the position of its records. */
export type RecordBatch = {
  /** Message format: 2, or 0 or 1 for a message of an old log. */
  readonly magic: number;
  /**
   * The base of the records' offsetDelta: the first offset, or the last one for messages compressed
   * together in an old format, which only have that one (their deltas are negative).
   */
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  /** The number of records; −1 if it is only known after decompression, in old formats. */
  readonly recordCount: number;
  /** −1 if there is none: in format 0, and in batches that compaction has emptied. */
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  /** Whether the log stamped the records (LogAppendTime): all have the batch's max timestamp. */
  readonly appendTime: boolean;
  readonly compression: Compression;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  /** The whole batch. */
  readonly bytes: Buffer;
  /** The records; undefined as long as they are compressed: see unpackBatch. */
  readonly plain: Buffer | undefined;
};

export type BatchRecord = {
  /** The distance from the batch's base offset. */
  readonly offsetDelta: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
};
