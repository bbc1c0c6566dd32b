import type { Stream, StreamSummary } from '../domain/streams/stream.ts';

/**
 * The catalog of streams. A change is conditional on the stream that was read before (its
 * version, and that it is still the same stream), so that of two gateways one wins; it is done
 * as a whole or not at all. Errors: `conflict` (somebody else was first), `limit-exceeded` (more
 * shards than a stream's rows hold), `unavailable` (the outcome of a change is then unknown).
 */
export type StreamCatalog = {
  /** Where `known` is what is stored, it is returned, and its shards are not read again. */
  get(name: string, known?: Stream): Promise<Stream | undefined>;
  /** Every stream, or the first of those behind a name, ordered by name; reads no shards. */
  list(range?: NameRange): Promise<readonly StreamSummary[]>;
  /** Stores a stream under a name that must be free. */
  create(stream: Stream): Promise<void>;
  /** Stores `after`, whose version must be that of `before` plus one, in its place. */
  replace(before: Stream, after: Stream): Promise<void>;
  /** Removes the stream if it is still this one. */
  remove(stream: Stream): Promise<void>;
  /**
   * A secret of 32 bytes shared by every gateway on this catalog; made on first use.
   * It signs shard iterators and pagination tokens.
   */
  secret(): Promise<Buffer>;
};

/** The first so many names behind this one. */
export type NameRange = { readonly after: string; readonly countMax: number };
