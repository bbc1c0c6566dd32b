/**
 * The transactional properties of a producer, which accompany its batches wherever they are placed.
 */
export type ProducerTerms = {
  readonly transactionalId: string | null;
  /** Whether its writes add partitions to the transaction implicitly (KIP-890, part 2). */
  readonly implicit: boolean;
};

/** From this version of Produce on, a write adds its partition to the transaction implicitly. */
const implicitSince = 12;

export function termsOf(transactionalId: string | null, version: number): ProducerTerms {
  return { transactionalId, implicit: version >= implicitSince };
}
