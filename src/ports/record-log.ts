import type { GatewayError } from '../domain/errors.ts';
import type { Offset } from '../domain/streams/stream.ts';

/** One shard's log. */
export type LogPartition = { readonly log: string; readonly partition: number };

export type RecordHeader = { readonly key: string; readonly value: Buffer | null };

export type AppendRecord = {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** When it is appended, where absent. */
  readonly timestampMs?: number;
  readonly headers?: readonly RecordHeader[];
};

export type Appended = {
  /** Of each record that was appended, from the first one on; they strictly grow. */
  readonly offsets: readonly Offset[];
  /** Present when records were left over. */
  readonly error?: GatewayError;
};

export type LogRecord = {
  readonly offset: Offset;
  readonly timestampMs: number;
  /** Views into the bytes that were read, where they were not compressed; copy to keep. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
};

export type LogSlice = {
  /** Committed records only: no control records, none of aborted transactions. */
  readonly records: readonly LogRecord[];
  /** Where to read on; after the last record looked at, also when none was returned. */
  readonly nextOffset: Offset;
  /** First offset that is still kept. */
  readonly startOffset: Offset;
  /** One past the last offset that a reader may see (the last stable offset). */
  readonly endOffset: Offset;
  /**
   * A reader that will not look at keys and values again may say so: their memory is used again.
   * Nobody has to.
   */
  readonly release?: (() => void) | undefined;
};

export type ReadLimits = {
  readonly recordsMax: number;
  /** Bytes of keys and values returned; a first record is returned even when it is larger. */
  readonly bytesMax: number;
  /** How long to wait at the tip for a record; 0 returns at once. */
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
   * Appends in the given order, durably (every in-sync replica). Calls that arrive together may
   * share one write. Rejects when no record was appended; when only the first ones were, tells
   * why the rest was not.
   */
  append(where: LogPartition, records: readonly AppendRecord[]): Promise<Appended>;
  /** Reads from an offset; one below the start reads from the start. */
  read(where: LogPartition, from: Offset, limits: ReadLimits): Promise<LogSlice>;
  startOffset(where: LogPartition): Promise<Offset>;
  /** One past the last record that a reader may see. */
  endOffset(where: LogPartition): Promise<Offset>;
  /** One past the last record that is in the log durably, be it of an open transaction. */
  writtenOffset(where: LogPartition): Promise<Offset>;
  /** First offset whose timestamp is at or after the given one; the end when there is none. */
  offsetAt(where: LogPartition, timestampMs: number): Promise<Offset>;
};
