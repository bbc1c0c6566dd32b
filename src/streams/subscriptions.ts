/**
 * Subscriptions: at most one per consumer and shard, for at most five minutes. Source:
 * SubscribeToShard of the Kinesis API reference. Gateways learn of each other's subscriptions
 * through claims; a subscription that another gateway has replaced ends when it next checks its
 * claim.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';
import type { RecordLog } from '../ports/record-log.ts';
import type { SubscriptionClaims } from '../ports/subscription-claims.ts';
import { SharedReads } from './shared-reads.ts';

export type SubscriptionTimes = {
  readonly sessionMsMax: number;
  /** A younger subscription is not replaced. */
  readonly takeoverAfterMs: number;
  /** The longest time without an event while there are no records. */
  readonly heartbeatMs: number;
  /** How often a subscription checks its claim. */
  readonly claimCheckMs: number;
};

export const subscriptionTimes: SubscriptionTimes = {
  sessionMsMax: 300_000,
  takeoverAfterMs: 5_000,
  heartbeatMs: 5_000,
  claimCheckMs: 5_000,
};

/** `taken`: another subscription of this consumer and shard has replaced it. */
export type SubscriptionEnd = 'time' | 'taken' | 'gone';

export type Subscription = {
  /** Aborted when the subscription ends, for any reason. */
  readonly signal: AbortSignal;
  /** Undefined while the subscription is active. */
  readonly ended: SubscriptionEnd | undefined;
  end(): void;
};

type Running = { readonly startedAtMs: number; end(why: SubscriptionEnd): void };

export class Subscriptions {
  readonly times: SubscriptionTimes;
  readonly reads: SharedReads;
  readonly #clock: Clock;
  readonly #claims: SubscriptionClaims;
  readonly #running = new Map<string, Running>();
  /**
   * Claims of subscriptions that have ended here; the key's next subscription waits for their
   * release.
   */
  readonly #releasing = new Map<string, Promise<void>>();

  constructor(
    log: Pick<RecordLog, 'read'>,
    clock: Clock,
    claims: SubscriptionClaims,
    times: Partial<SubscriptionTimes> = {},
  ) {
    this.reads = new SharedReads(log);
    this.#clock = clock;
    this.#claims = claims;
    this.times = { ...subscriptionTimes, ...times };
  }

  /** Whether a subscription under this key would be refused now. Errors: `unavailable`. */
  async isHeld(key: string): Promise<boolean> {
    if (this.#isYoung(this.#running.get(key))) return true;
    await this.#releasing.get(key);
    return this.#isYoung(await this.#claims.get(key));
  }

  /**
   * Starts a subscription, and ends the former one of the same key. `client` is aborted when the
   * subscriber is gone. Returns undefined if the former one is too young to be replaced. Errors:
   * `unavailable`.
   */
  async begin(key: string, client: AbortSignal): Promise<Subscription | undefined> {
    if (this.#isYoung(this.#running.get(key))) return undefined;
    await this.#releasing.get(key);
    const claim = { holder: randomUUID(), startedAtMs: this.#clock.nowMs() };
    const isTaken = await this.#claims.take(key, claim, this.times.takeoverAfterMs);
    if (!isTaken || this.#isYoung(this.#running.get(key))) return undefined;
    this.#running.get(key)?.end('taken');
    const controller = new AbortController();
    let ended: SubscriptionEnd | undefined;
    const end = (why: SubscriptionEnd): void => {
      if (ended !== undefined) return;
      ended = why;
      clearTimeout(timer);
      clearInterval(checks);
      client.removeEventListener('abort', leave);
      if (this.#running.get(key) === running) this.#running.delete(key);
      if (why !== 'taken') this.#release(key, claim.holder);
      controller.abort();
    };
    const leave = (): void => end('gone');
    const timer = setTimeout(() => end('time'), this.times.sessionMsMax);
    timer.unref();
    const checks = this.#checkClaim(key, claim.holder, () => end('taken'));
    const running: Running = { startedAtMs: claim.startedAtMs, end };
    this.#running.set(key, running);
    client.addEventListener('abort', leave, { once: true });
    if (client.aborted) leave();
    return {
      signal: controller.signal,
      get ended() {
        return ended;
      },
      end: leave,
    };
  }

  /**
   * A claim that cannot be released because the catalog is unavailable blocks the key while it is
   * young.
   */
  #release(key: string, holder: string): void {
    const releasing = this.#claims.release(key, holder).catch(() => {});
    this.#releasing.set(key, releasing);
    void releasing.then(() => {
      if (this.#releasing.get(key) === releasing) this.#releasing.delete(key);
    });
  }

  /** Claims of clocks that are wrong by more than this are ignored. */
  #isYoung(started: { readonly startedAtMs: number } | undefined): boolean {
    if (started === undefined) return false;
    return Math.abs(this.#clock.nowMs() - started.startedAtMs) < this.times.takeoverAfterMs;
  }

  #checkClaim(key: string, holder: string, lost: () => void): NodeJS.Timeout {
    const claims = this.#claims;
    const check = async (): Promise<void> => {
      const now = await claims.get(key);
      if (now !== undefined && now.holder !== holder) lost();
    };
    // If the catalog is unavailable now, the claim is checked the next time.
    const timer = setInterval(() => void check().catch(() => {}), this.times.claimCheckMs);
    timer.unref();
    return timer;
  }
}
