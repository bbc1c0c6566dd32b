import { commonError } from '../protocol/errors.ts';

/**
 * The memory for bodies of all requests in progress; further bodies wait in their clients' sockets.
 */
export const bodiesBytesMax = 128 * 1024 * 1024;
/** After this time the client gets ServiceUnavailable, which SDKs retry automatically. */
export const budgetWaitMsMax = 10_000;

type Waiter = { readonly bytes: number; readonly grant: () => void };

/** Hands out bytes first come, first served. */
export class ByteBudget {
  readonly #max: number;
  readonly #waitMsMax: number;
  readonly #waiting = new Set<Waiter>();
  #taken = 0;

  constructor(max = bodiesBytesMax, waitMsMax = budgetWaitMsMax) {
    this.#max = max;
    this.#waitMsMax = waitMsMax;
  }

  /** Takes the bytes if no request is waiting. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.size > 0 || !this.#fits(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  /** Errors: ServiceUnavailable if the bytes are not available in time. */
  async take(bytes: number): Promise<void> {
    if (this.tryTake(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        grant: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(commonError('ServiceUnavailable', 'Too many large requests are in progress.'));
        this.#grant();
      }, this.#waitMsMax);
      this.#waiting.add(waiter);
    });
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
    this.#grant();
  }

  /** A single request always fits. */
  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#max;
  }

  #grant(): void {
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiting.delete(waiter);
      this.#taken += waiter.bytes;
      waiter.grant();
    }
  }
}
