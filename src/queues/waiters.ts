/** Receive calls that wait for records of one queue, in the order in which they came. */
import type { Delivery } from './delivery.ts';

export type Wanted = {
  readonly countMax: number;
  readonly visibilityMs: number;
  readonly waitMsMax: number;
  /** Aborted when the client is gone. */
  readonly signal?: AbortSignal;
};

export type Waiter = {
  readonly countMax: number;
  readonly visibilityMs: number;
  /** On the clock of performance.now(). */
  readonly deadlineMs: number;
  readonly resolve: (deliveries: readonly Delivery[]) => void;
  readonly reject: (error: unknown) => void;
};

export class Waiters {
  readonly #waiting = new Set<Waiter>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves with no records at the deadline. Rejects with the signal's reason. */
  add({ countMax, visibilityMs, waitMsMax, signal }: Wanted): Promise<readonly Delivery[]> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        countMax,
        visibilityMs,
        deadlineMs: performance.now() + waitMsMax,
        resolve: (deliveries) => {
          signal?.removeEventListener('abort', abort);
          resolve(deliveries);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** The records that all of them want together, no more than the maximum. */
  wantedCount(max: number): number {
    let count = 0;
    for (const each of this.#waiting) {
      count += each.countMax;
      if (count >= max) return max;
    }
    return count;
  }

  /** How long the first deadline is away; 0 if it has passed. */
  untilFirstDeadlineMs(): number {
    let first = Infinity;
    for (const { deadlineMs } of this.#waiting) if (deadlineMs < first) first = deadlineMs;
    return Math.max(0, first - performance.now());
  }

  /** The next one in turn, which nothing else serves until it is added again. */
  take(): Waiter | undefined {
    for (const first of this.#waiting) {
      this.#waiting.delete(first);
      return first;
    }
    return undefined;
  }

  /** It was taken, but got nothing. */
  putBack(waiter: Waiter): void {
    if (waiter.deadlineMs <= performance.now()) waiter.resolve([]);
    else this.#waiting.add(waiter);
  }

  /** Ends the wait of those whose deadline has passed. */
  expire(): void {
    const nowMs = performance.now();
    for (const each of this.#waiting) {
      if (each.deadlineMs > nowMs) continue;
      this.#waiting.delete(each);
      each.resolve([]);
    }
  }

  rejectAll(error: unknown): void {
    for (const each of this.#waiting) each.reject(error);
    this.#waiting.clear();
  }
}
