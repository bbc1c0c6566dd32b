/** On which terms a producer writes; they go with its batches wherever these are placed. */
export type ProducerTerms = {
  readonly transactionalId: string | null;
  /** Its writes add partitions to the transaction themselves (KIP-890, part 2). */
  readonly implicit: boolean;
};

/** From this version of Produce on a write adds its partition to the transaction itself. */
const implicitSince = 12;

export function termsOf(transactionalId: string | null, version: number): ProducerTerms {
  return { transactionalId, implicit: version >= implicitSince };
}
