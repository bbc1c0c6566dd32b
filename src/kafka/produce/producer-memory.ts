/**
 * What the gateway remembers of idempotent producers whose batches it placed elsewhere: the log of
 * the partition that they wrote to does not see those batches, so it cannot tell a retry from a
 * new one, or a gap. Kept for the last five batches of a partition, as a broker keeps them.
 * Source: KIP-98, "Idempotent Producer Guarantees".
 */
import { LRUCache } from 'lru-cache';
import { Turns } from '../../runtime/turns.ts';

/** One more than the greatest sequence number: they begin anew at 0. */
const sequences = 2 ** 31;
const batchesKept = 5;
const producersMax = 10_000;

/** The sequence number that follows so many records. */
export function sequenceAfter(sequence: number, records: number): number {
  return (sequence + records) % sequences;
}

/** How far `later` is ahead; negative where it is behind. */
export function sequenceDistance(from: number, later: number): number {
  const ahead = (((later - from) % sequences) + sequences) % sequences;
  return ahead < sequences / 2 ? ahead : ahead - sequences;
}

/** A batch that was placed, or of which some records were. */
export type PlacedBatch<T> = {
  readonly baseSequence: number;
  readonly recordCount: number;
  placed: T | undefined;
};

/** One producer, in one epoch, at one partition that it writes to. */
export class ProducerPartition<T> {
  /** The sequence number that comes next; undefined where nothing is known. */
  expected: number | undefined;
  readonly #batches: PlacedBatch<T>[] = [];
  readonly turns = new Turns();
  /** Whether what the log knows of the producer was asked for. */
  isKnown = false;

  find(baseSequence: number, recordCount: number): PlacedBatch<T> | undefined {
    return this.#batches.find(
      (each) => each.baseSequence === baseSequence && each.recordCount === recordCount,
    );
  }

  begin(baseSequence: number, recordCount: number): PlacedBatch<T> {
    const batch: PlacedBatch<T> = { baseSequence, recordCount, placed: undefined };
    this.#batches.push(batch);
    if (this.#batches.length > batchesKept) this.#batches.shift();
    this.expected ??= baseSequence;
    return batch;
  }

  /** The batch is placed whole. */
  finish({ baseSequence, recordCount }: PlacedBatch<T>): void {
    const next = sequenceAfter(baseSequence, recordCount);
    if (sequenceDistance(this.expected ?? next, next) >= 0) this.expected = next;
  }
}

/** The producers that were seen last. */
export class ProducerMemory<V extends object> {
  readonly #producers = new LRUCache<string, V>({ max: producersMax });
  readonly #make: () => V;

  constructor(make: () => V) {
    this.#make = make;
  }

  of(key: string): V {
    const known = this.#producers.get(key);
    if (known !== undefined) return known;
    const made = this.#make();
    this.#producers.set(key, made);
    return made;
  }
}
