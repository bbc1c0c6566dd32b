/** Call rates by key: a number of calls per second, all of which may come at once. */
import { TokenBucket } from '../../domain/limits/rate-limit.ts';
import type { Clock } from '../../ports/clock.ts';

/** A bucket holds one second's worth: after this time it is full and may be dropped. */
const fullAfterMs = 1_000;

/** Keys reported per message; the rest follow in the next one. */
const keysToldMax = 2_000;

/** Calls that one process has granted, reported to the others that share the rate. */
export type CallUse = { readonly key: string; readonly perSecond: number; calls: number };

type Entry = { readonly bucket: TokenBucket; usedAtMs: number; untold: CallUse | undefined };

export class KeyedRates {
  readonly #clock: Clock;
  readonly #keysMax: number;
  readonly #entries = new Map<string, Entry>();
  /** Keys that have not been reported to the others yet; undefined if rates are not shared. */
  readonly #untold: Entry[] | undefined;
  #sweptAtMs = -Infinity;

  constructor(clock: Clock, keysMax: number, { isShared = false } = {}) {
    this.#clock = clock;
    this.#keysMax = keysMax;
    this.#untold = isShared ? [] : undefined;
  }

  /** Whether one more call is granted. The rate given with a key's first call stays in effect. */
  take(key: string, perSecond: number): boolean {
    const nowMs = this.#clock.nowMs();
    const entry = this.#entryOf(key, perSecond, nowMs);
    const isGranted = entry.bucket.take(1, nowMs);
    if (!isGranted || this.#untold === undefined) return isGranted;
    if (entry.untold === undefined) {
      entry.untold = { key, perSecond, calls: 0 };
      this.#untold.push(entry);
    }
    entry.untold.calls++;
    return true;
  }

  /** The calls granted here since the last report; nothing if rates are not shared. */
  takeUses(): readonly CallUse[] {
    return (this.#untold ?? []).splice(0, keysToldMax).flatMap((entry) => {
      const use = entry.untold;
      entry.untold = undefined;
      return use === undefined ? [] : [use];
    });
  }

  /** Charges the calls that other processes have granted. */
  chargeUses(uses: readonly CallUse[]): void {
    const nowMs = this.#clock.nowMs();
    for (const { key, perSecond, calls } of uses) {
      this.#entryOf(key, perSecond, nowMs).bucket.charge(calls, nowMs);
    }
  }

  #entryOf(key: string, perSecond: number, nowMs: number): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= this.#keysMax) this.#makeRoom(nowMs);
      const bucket = new TokenBucket(perSecond, perSecond, nowMs);
      entry = { bucket, usedAtMs: nowMs, untold: undefined };
      this.#entries.set(key, entry);
    }
    entry.usedAtMs = nowMs;
    return entry;
  }

  /** Drops full buckets, or, if there are none, the oldest one. */
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
