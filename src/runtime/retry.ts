/** Asking again: until there is an answer, or while a failure may mend. */
import { setTimeout as delay } from 'node:timers/promises';

export type Patience = { readonly everyMs: number; readonly waitMsMax: number };

/**
 * Asks until the answer is not undefined; answers undefined when the time is over. What `ask`
 * throws is thrown.
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

/** What is known of a failure: how often the work was tried, and how long ago it first began. */
export type Attempts = { readonly count: number; readonly tookMs: number };

/** Runs the work again and again while `mayMend` says so of its failure. */
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
