/** Batches that one worker process forwards to another: to the one that places their producer's. */
import type { ProducerTerms } from './producer-terms.ts';

/** A batch as it is forwarded: its bytes in base64, or where the log has it. */
export type ForwardedBatch = {
  readonly stream: string;
  readonly createdAtMs: number;
  /** Of the view by which it was seen that the batch goes elsewhere. */
  readonly version: number;
  /** The partition that the producer chose. */
  readonly index: number;
  readonly terms: ProducerTerms;
  readonly what: { readonly records: string } | { readonly lateAt: string };
};

/**
 * Where several processes serve clients: forwards to the one that places the batches of this
 * producer, and remembers them; undefined where that is this one. Answers Kafka's code. Errors:
 * `unavailable`.
 */
export type ForwardBatch = (
  producerId: bigint,
) => ((batch: ForwardedBatch) => Promise<number>) | undefined;
