/** Retries: until there is an answer, or while a failure may be temporary. */
import { setTimeout as delay } from 'node:timers/promises';

export type Patience = { readonly everyMs: number; readonly waitMsMax: number };

/**
 * Calls `ask` until its answer is not undefined; returns undefined after the timeout. Errors of
 * `ask` are passed on.
 */
export async function untilDefined<T>(
  { everyMs, waitMsMax }: Patience,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const giveUpAtMs = performance.now() + waitMsMax;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() > giveUpAtMs) return answer;
    await delay(everyMs);
  }
}

/** A failure: the number of attempts, and the time since the first one started. */
export type Attempts = { readonly count: number; readonly tookMs: number };

/** Repeats the work as long as `mayMend` returns true for its failure. */
export async function retried<T>(
  everyMs: number,
  mayMend: (error: unknown, attempts: Attempts) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  const startedAtMs = performance.now();
  for (let count = 1; ; count += 1) {
    try {
      return await work();
    } catch (error) {
      if (!mayMend(error, { count, tookMs: performance.now() - startedAtMs })) throw error;
    }
    await delay(everyMs);
  }
}
