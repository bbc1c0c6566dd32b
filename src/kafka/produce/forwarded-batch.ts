/**
 * Batches that one worker process forwards to the worker that places the batches of their producer.
 */
import type { ProducerTerms } from './producer-terms.ts';

/** A forwarded batch: its bytes in base64, or its position in the log. */
export type ForwardedBatch = {
  readonly stream: string;
  readonly createdAtMs: number;
  /** The age of the view that showed that the batch must be placed elsewhere. */
  readonly version: number;
  /** The partition that the producer chose. */
  readonly index: number;
  readonly terms: ProducerTerms;
  readonly what: { readonly records: string } | { readonly lateAt: string };
};

/**
 * If several processes serve clients: forwards to the one that places, and remembers, the batches
 * of this producer; undefined if that is this one. Returns Kafka's code. Errors: `unavailable`.
 */
export type ForwardBatch = (
  producerId: bigint,
) => ((batch: ForwardedBatch) => Promise<number>) | undefined;
