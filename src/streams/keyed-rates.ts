/** Rates of calls by key: as many a second as asked for, all of which may come at once. */
import { TokenBucket } from '../domain/rate-limit.ts';
import type { Clock } from '../ports/clock.ts';

/** A bucket holds a second's worth: after this time it is full, and may be forgotten. */
const fullAfterMs = 1_000;

type Entry = { readonly bucket: TokenBucket; usedAtMs: number };

export class KeyedRates {
  readonly #clock: Clock;
  readonly #keysMax: number;
  readonly #entries = new Map<string, Entry>();
  #sweptAtMs = -Infinity;

  constructor(clock: Clock, keysMax: number) {
    this.#clock = clock;
    this.#keysMax = keysMax;
  }

  /** Whether one more call is granted. The rate of a key is that of its first call. */
  take(key: string, perSecond: number): boolean {
    const nowMs = this.#clock.nowMs();
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= this.#keysMax) this.#makeRoom(nowMs);
      entry = { bucket: new TokenBucket(perSecond, perSecond, nowMs), usedAtMs: nowMs };
      this.#entries.set(key, entry);
    }
    entry.usedAtMs = nowMs;
    return entry.bucket.take(1, nowMs);
  }

  /** Forgets full buckets, or else the one that has been known longest. */
  #makeRoom(nowMs: number): void {
    if (nowMs - this.#sweptAtMs >= fullAfterMs) {
      this.#sweptAtMs = nowMs;
      for (const [key, { usedAtMs }] of this.#entries) {
        if (nowMs - usedAtMs >= fullAfterMs) this.#entries.delete(key);
      }
    }
    if (this.#entries.size < this.#keysMax) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
