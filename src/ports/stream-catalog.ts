import type { Stream, StreamSummary } from '../domain/streams/stream.ts';

/**
 * The catalog of streams. A change is conditional on the stream that was read before (the same
 * stream in the same version), so one of two concurrent gateways wins; it is atomic. Errors:
 * `conflict` (another gateway was first), `limit-exceeded` (more shards than a stream's rows can
 * hold), `unavailable` (the outcome of a change is then unknown).
 */
export type StreamCatalog = {
  /** If `known` is still the stored version, it is returned, and its shards are not read again. */
  get(name: string, known?: Stream): Promise<Stream | undefined>;
  /** All streams, or the first ones after a name, ordered by name; reads no shards. */
  list(range?: NameRange): Promise<readonly StreamSummary[]>;
  /** Stores a stream under a name that must not exist. */
  create(stream: Stream): Promise<void>;
  /** Replaces `before` by `after`, whose version must be one higher. */
  replace(before: Stream, after: Stream): Promise<void>;
  /** Deletes the stream if it is still this one. */
  remove(stream: Stream): Promise<void>;
  /**
   * A secret of 32 bytes that all gateways on this catalog share; generated on first use. It signs
   * shard iterators and pagination tokens.
   */
  secret(): Promise<Buffer>;
};

/** The first `countMax` names after this one. */
export type NameRange = { readonly after: string; readonly countMax: number };
