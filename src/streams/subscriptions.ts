/**
 * Who is subscribed to what through this gateway: at most one for a consumer and shard, for at
 * most five minutes. Source: SubscribeToShard of the Kinesis API reference.
 */
import type { Clock } from '../ports/clock.ts';
import type { RecordLog } from '../ports/record-log.ts';
import { SharedReads } from './shared-reads.ts';

export type SubscriptionTimes = {
  readonly sessionMsMax: number;
  /** A younger subscription is not taken over. */
  readonly takeoverAfterMs: number;
  /** At most so long no event is sent, when there is no record either. */
  readonly heartbeatMs: number;
};

export const subscriptionTimes: SubscriptionTimes = {
  sessionMsMax: 300_000,
  takeoverAfterMs: 5_000,
  heartbeatMs: 5_000,
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
  readonly #running = new Map<string, Running>();

  constructor(log: Pick<RecordLog, 'read'>, clock: Clock, times: Partial<SubscriptionTimes> = {}) {
    this.reads = new SharedReads(log);
    this.#clock = clock;
    this.times = { ...subscriptionTimes, ...times };
  }

  /** Whether a subscription under this key would be refused now. */
  isHeld(key: string): boolean {
    const running = this.#running.get(key);
    if (running === undefined) return false;
    return this.#clock.nowMs() - running.startedAtMs < this.times.takeoverAfterMs;
  }

  /**
   * Begins a subscription, and ends the one of the same key that there was. `client` is aborted
   * when the subscriber is gone. Undefined where the former one is too young to be taken over.
   */
  begin(key: string, client: AbortSignal): Subscription | undefined {
    if (this.isHeld(key)) return undefined;
    this.#running.get(key)?.end('taken');
    const controller = new AbortController();
    let ended: SubscriptionEnd | undefined;
    const end = (why: SubscriptionEnd): void => {
      if (ended !== undefined) return;
      ended = why;
      clearTimeout(timer);
      client.removeEventListener('abort', leave);
      if (this.#running.get(key) === running) this.#running.delete(key);
      controller.abort();
    };
    const leave = (): void => end('gone');
    const timer = setTimeout(() => end('time'), this.times.sessionMsMax);
    timer.unref();
    const running: Running = { startedAtMs: this.#clock.nowMs(), end };
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
}
