/** Gauges whose values are read from the engines when metrics are collected. */
import { within } from '../runtime/deadline.ts';

/** The minimum interval between reads. */
const readEveryMs = 10_000;
/** A scrape waits no longer than this; what is read later is included the next time. */
const waitMsMax = 2_000;

export class SeldomRead<T> {
  readonly #read: () => Promise<readonly T[]>;
  readonly #set: (found: readonly T[]) => void;
  #readAtMs = -Infinity;
  #reading: Promise<void> = Promise.resolve();

  constructor(read: () => Promise<readonly T[]>, set: (found: readonly T[]) => void) {
    this.#read = read;
    this.#set = set;
  }

  /** For the `collect` of each gauge: they share one read. */
  refresh(): Promise<void> {
    if (performance.now() - this.#readAtMs >= readEveryMs) {
      this.#readAtMs = performance.now();
      // What cannot be read is omitted; the metrics of the engines show why.
      this.#reading = this.#read().then(this.#set, () => this.#set([]));
    }
    return within(waitMsMax, this.#reading, () => undefined);
  }
}
