/** Receiving dead letters from one queue, all of which have rows. */
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../domain/errors.ts';
import type { Delivery, Source } from './delivery.ts';
import type { ReceivingParts } from './receiving.ts';
import { Redeliveries } from './redeliveries.ts';
import { type Waiter, Waiters, type Wanted } from './waiters.ts';

const rowsMax = 100;
const lookEveryMs = 250;
const waitersMax = 1_000;

export class DeadLetters {
  readonly #queueId: string;
  readonly #parts: ReceivingParts;
  readonly #again: Redeliveries;
  readonly #waiters = new Waiters();
  #isLooking = false;

  constructor(queueId: string, parts: ReceivingParts) {
    this.#queueId = queueId;
    this.#parts = parts;
    this.#again = new Redeliveries(parts);
  }

  /** Errors: as Receiving.receive. */
  receive(wanted: Wanted): Promise<readonly Delivery[]> {
    if (this.#waiters.size >= waitersMax) {
      throw new GatewayError('limit-exceeded', `too many receivers wait for ${this.#queueId}`);
    }
    const received = this.#waiters.add(wanted);
    this.#begin();
    return received;
  }

  #begin(): void {
    if (this.#isLooking || this.#waiters.size === 0) return;
    this.#isLooking = true;
    void this.#lookWhileWanted();
  }

  async #lookWhileWanted(): Promise<void> {
    while (this.#waiters.size > 0) {
      try {
        const source = await this.#parts.sourceOf(this.#queueId);
        const served = await this.#serve(source);
        this.#waiters.expire();
        if (!served) await delay(Math.min(lookEveryMs, this.#waiters.untilFirstDeadlineMs()));
      } catch (error) {
        this.#waiters.rejectAll(error);
      }
    }
    this.#isLooking = false;
  }

  async #serve(source: Source): Promise<boolean> {
    const { rows, clock } = this.#parts;
    // Records that were received too often become dead letters even if nobody receives from the
    // queue any more.
    await this.#again.bury(source, rowsMax);
    const range = { nowMs: clock.nowMs(), countMax: rowsMax };
    const due = await rows.due(this.#queueId, 'dead', range);
    const onNothing = (waiter: Waiter) => this.#waiters.putBack(waiter);
    return this.#again.serve(source, due, this.#waiters, onNothing);
  }
}
