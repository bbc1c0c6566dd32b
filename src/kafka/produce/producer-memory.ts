/**
 * The state of idempotent producers whose batches the gateway placed elsewhere: the log of the
 * partition that they wrote to does not contain those batches, so it cannot detect retries or gaps.
 * The last five batches of a partition are kept, as on a broker. Source: KIP-98, "Idempotent
 * Producer Guarantees".
 */
import { LRUCache } from 'lru-cache';
import { Turns } from '../../runtime/turns.ts';

/** One more than the greatest sequence number: they wrap around to 0. */
const sequences = 2 ** 31;
const batchesKept = 5;
const producersMax = 10_000;

/** The sequence number after `count` records. */
export function sequenceAfter(sequence: number, records: number): number {
  return (sequence + records) % sequences;
}

/** How far `later` is ahead; negative if it is behind. */
export function sequenceDistance(from: number, later: number): number {
  const ahead = (((later - from) % sequences) + sequences) % sequences;
  return ahead < sequences / 2 ? ahead : ahead - sequences;
}

/** A batch of which all or some records were placed. */
export type PlacedBatch<T> = {
  readonly baseSequence: number;
  readonly recordCount: number;
  placed: T | undefined;
};

/** One producer in one epoch, for one partition that it writes to. */
export class ProducerPartition<T> {
  /** The next sequence number; undefined if it is not known. */
  expected: number | undefined;
  readonly #batches: PlacedBatch<T>[] = [];
  readonly turns = new Turns();
  /** Whether the log's state of the producer was requested. */
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

  /** Records that the whole batch is placed. */
  finish({ baseSequence, recordCount }: PlacedBatch<T>): void {
    const next = sequenceAfter(baseSequence, recordCount);
    if (sequenceDistance(this.expected ?? next, next) >= 0) this.expected = next;
  }
}

/** The most recently seen producers. */
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
