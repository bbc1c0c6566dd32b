import type { ObservedReceipt } from '../ports/observer.ts';

/** Kafka's locks are an hour long at most. */
const secondsKeptMax = 4_000;

/**
 * How many records receivers hold by Kafka's locks, as one gateway knows it: it adds those that it
 * gave out and takes off those that it saw settled, both in the second in which the lock ends. What
 * was given out here and settled elsewhere is too much here and too little there, so the sum over
 * all gateways is right.
 */
export class LockedRecords {
  readonly #bySecond = new Map<number, number>();

  change(receipts: readonly ObservedReceipt[], by: 1 | -1): void {
    for (const { kind, inFlightUntilMs } of receipts) {
      if (kind !== 'held') continue;
      const second = Math.ceil(inFlightUntilMs / 1000);
      this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + by);
    }
    if (this.#bySecond.size > secondsKeptMax) this.count(Date.now());
  }

  /** Below 0 where more was settled than given out. */
  count(nowMs: number): number {
    let sum = 0;
    for (const [second, count] of this.#bySecond) {
      if (second * 1000 > nowMs) sum += count;
      else this.#bySecond.delete(second);
    }
    return sum;
  }
}
