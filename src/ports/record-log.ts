import type { GatewayError } from '../domain/errors.ts';
import type { Offset } from '../domain/streams/stream.ts';

/** One shard's log. */
export type LogPartition = { readonly log: string; readonly partition: number };

export type RecordHeader = { readonly key: string; readonly value: Buffer | null };

export type AppendRecord = {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Defaults to the time of the append. */
  readonly timestampMs?: number;
  readonly headers?: readonly RecordHeader[];
};

export type Appended = {
  /** For each appended record, from the first one on; strictly increasing. */
  readonly offsets: readonly Offset[];
  /** Present if some records were not appended. */
  readonly error?: GatewayError;
};

export type LogRecord = {
  readonly offset: Offset;
  readonly timestampMs: number;
  /** Views into the fetched bytes if these were not compressed; copy them to keep them. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
};

export type LogSlice = {
  /** Committed records only: no control records, and none of aborted transactions. */
  readonly records: readonly LogRecord[];
  /** Where to continue: after the last record that was inspected, even if none was returned. */
  readonly nextOffset: Offset;
  /** The first retained offset. */
  readonly startOffset: Offset;
  /** One past the last visible offset (the last stable offset). */
  readonly endOffset: Offset;
  /**
   * Optional: tells that keys and values will not be used any more, so that their memory can be
   * reused.
   */
  readonly release?: (() => void) | undefined;
};

export type ReadLimits = {
  readonly recordsMax: number;
  /** The most bytes of keys and values; the first record is returned even if it is larger. */
  readonly bytesMax: number;
  /** How long to wait for a record at the end of the log; 0 returns at once. */
  readonly waitMsMax: number;
  readonly signal?: AbortSignal;
};

/**
 * The log of records. Errors: `not-found` (no such log or partition), `invalid-argument` (a
 * record over the log's own size limit), `unavailable` (the outcome of an append is then
 * unknown: the record may be in the log).
 */
export type RecordLog = {
  /**
   * Appends in the given order, durably (all in-sync replicas). Concurrent calls may share one
   * write. Rejects if no record was appended; if only the first ones were, the result has the error
   * for the rest.
   */
  append(where: LogPartition, records: readonly AppendRecord[]): Promise<Appended>;
  /** Reads from an offset; an offset below the start reads from the start. */
  read(where: LogPartition, from: Offset, limits: ReadLimits): Promise<LogSlice>;
  startOffset(where: LogPartition): Promise<Offset>;
  /** One past the last visible record. */
  endOffset(where: LogPartition): Promise<Offset>;
  /** One past the last durable record, including those of open transactions. */
  writtenOffset(where: LogPartition): Promise<Offset>;
  /** The first offset whose timestamp is at or after the given one; the end if there is none. */
  offsetAt(where: LogPartition, timestampMs: number): Promise<Offset>;
};
