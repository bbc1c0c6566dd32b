/**
 * Who is subscribed to what: at most one for a consumer and shard, for at most five minutes.
 * Source: SubscribeToShard of the Kinesis API reference. Gateways know of each other's through
 * claims; one that is taken over by another gateway's ends when it looks at its claim again.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';
import type { RecordLog } from '../ports/record-log.ts';
import type { SubscriptionClaims } from '../ports/subscription-claims.ts';
import { SharedReads } from './shared-reads.ts';

export type SubscriptionTimes = {
  readonly sessionMsMax: number;
  /** A younger subscription is not taken over. */
  readonly takeoverAfterMs: number;
  /** At most so long no event is sent, when there is no record either. */
  readonly heartbeatMs: number;
  /** How often a subscription looks at its claim. */
  readonly claimCheckMs: number;
};

export const subscriptionTimes: SubscriptionTimes = {
  sessionMsMax: 300_000,
  takeoverAfterMs: 5_000,
  heartbeatMs: 5_000,
  claimCheckMs: 5_000,
};

/** `taken`: another subscription of this consumer and shard goes on in its place. */
export type SubscriptionEnd = 'time' | 'taken' | 'gone';

export type Subscription = {
  /** Aborted when the subscription ends, for whatever reason. */
  readonly signal: AbortSignal;
  /** Undefined while it runs. */
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
  /** Claims of subscriptions that have ended here; the next of the key waits for it. */
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
   * Begins a subscription, and ends the one of the same key that there was. `client` is aborted
   * when the subscriber is gone. Undefined where the former one is too young to be taken over.
   * Errors: `unavailable`.
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

  /** A claim that stays behind, as the catalog cannot be asked, is in the way while it is young. */
  #release(key: string, holder: string): void {
    const releasing = this.#claims.release(key, holder).catch(() => {});
    this.#releasing.set(key, releasing);
    void releasing.then(() => {
      if (this.#releasing.get(key) === releasing) this.#releasing.delete(key);
    });
  }

  /** A clock that is wrong by more than that is not believed. */
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
    // What cannot be asked now is asked the next time.
    const timer = setInterval(() => void check().catch(() => {}), this.times.claimCheckMs);
    timer.unref();
    return timer;
  }
}
