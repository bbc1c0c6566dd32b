import type { Stream } from '../domain/stream.ts';

/**
 * The catalog of streams. A change is conditional on the version read before, so that of two
 * gateways one wins. Errors: `conflict` (somebody else was first), `unavailable`.
 */
export type StreamCatalog = {
  get(name: string): Promise<Stream | undefined>;
  /** Every stream, ordered by name. */
  list(): Promise<readonly Stream[]>;
  /** Stores a stream that must not be there yet; its version must be 1. */
  create(stream: Stream): Promise<void>;
  /** Replaces the stream whose version is `stream.version - 1`. */
  replace(stream: Stream): Promise<void>;
  /** Removes the stream if it still has this version. */
  remove(name: string, version: number): Promise<void>;
  /**
   * A secret of 32 bytes shared by every gateway on this catalog; made on first use.
   * It signs shard iterators and pagination tokens.
   */
  secret(): Promise<Buffer>;
};
