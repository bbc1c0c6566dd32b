/**
 * Batches the checkpoint updates of one table. As long as calls are fast, each update is a call of
 * its own, which costs the least. When calls become slow, at most two are in flight, and the
 * updates that wait share the next call: a table that is slow because of its load gets fewer calls.
 */
import { GatewayError } from '../domain/errors.ts';
import type { CheckpointChange } from '../ports/lease-tables.ts';

/** Amazon DynamoDB usually needs less than this for one update. */
const slowAfterMs = 5;
const callsAtOnce = 64;
const slowCallsAtOnce = 2;
/** The limit of a DynamoDB transaction. */
const changesInCallMax = 100;

export type CheckpointsCall = (changes: readonly CheckpointChange[]) => Promise<readonly boolean[]>;

type Waiting = {
  readonly change: CheckpointChange;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

export class CheckpointCalls {
  readonly #call: CheckpointsCall;
  readonly #nowMs: () => number;
  /** Bounded by the number of shards that are written at once: see CheckpointWriter. */
  #waiting: Waiting[] = [];
  #running = 0;
  #isSlow = false;

  /** `call` returns which of the updates were made; `nowMs` is a monotonic clock. */
  constructor(call: CheckpointsCall, nowMs = () => performance.now()) {
    this.#call = call;
    this.#nowMs = nowMs;
  }

  /** Errors: `conflict` where a condition did not hold; those of the call. */
  set(change: CheckpointChange): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#begin();
    });
  }

  #begin(): void {
    while (this.#waiting.length > 0) {
      if (this.#running >= (this.#isSlow ? slowCallsAtOnce : callsAtOnce)) return;
      const some = this.#waiting.splice(0, this.#isSlow ? changesInCallMax : 1);
      void this.#send(some);
    }
  }

  async #send(some: readonly Waiting[]): Promise<void> {
    this.#running += 1;
    const startedAtMs = this.#nowMs();
    try {
      const areSet = await this.#call(some.map(({ change }) => change));
      for (const [index, { change, resolve, reject }] of some.entries()) {
        if (areSet[index] === true) resolve();
        else reject(new GatewayError('conflict', `the lease ${change.key} has changed`));
      }
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
    this.#running -= 1;
    const tookMs = this.#nowMs() - startedAtMs;
    // A queue shows that the table would be slow again.
    this.#isSlow = tookMs > slowAfterMs || (this.#isSlow && this.#waiting.length > 0);
    this.#begin();
  }
}
