/**
 * Receiving from one queue through this gateway. All waiting calls share one request per leader at
 * Kafka, and one query for rows that are due; no call has a timer of its own.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import { inFlightMax } from '../domain/queues/queue.ts';
import { isSealed } from '../domain/streams/reshard.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { retentionMsOf } from '../domain/streams/stream-rules.ts';
import type { Acquired, AcquiredRecord } from '../ports/share-log.ts';
import { type DataPlaneParts, type Delivery, type Source } from './delivery.ts';
import { shareGroupOf } from './share-group.ts';
import { type Batch, FirstDeliveries } from './first-deliveries.ts';
import { Redeliveries } from './redeliveries.ts';
import { type Waiter, Waiters, type Wanted } from './waiters.ts';
import { Window } from './window.ts';

/** One request at Kafka asks for no more, however many calls wait. */
const acquiredMax = 500;
const acquiredBytesMax = 16 * 1024 * 1024;
/** Kafka does not wake a waiting request if another receiver gives a record back. */
const sliceMsMax = 1_000;
/** How long records wait for the next call if the one that they were acquired for has gone. */
const spareMsMax = 1_000;
const retryAfterMs = 250;
/** So long after the last answer of any broker, calls end with an error instead of no records. */
const goingOnMsMax = 5_000;
/** Rows are looked for this often, and seldom while there are none. */
const rowsEveryMs = 250;
const rowsSeldomMs = 1_000;
/** Views of streams are valid for a second; this refreshes them in time. */
const viewsEveryMs = 400;
const rowsMax = 100;
const overtakenPauseMs = 25;
const sealedCheckMs = 25;
const sealedChecksMax = 200;
const sweepEveryMs = 1_000;
/** Counting reads all rows that are in flight. */
const countEveryMs = 10_000;
/** Calls that wait at one gateway for one queue. */
const waitersMax = 10_000;

export type ReceivingParts = DataPlaneParts & {
  /** The queue and its stream, a second old at most. Errors: `not-found`, `unavailable`. */
  readonly sourceOf: (queueId: string) => Promise<Source>;
  /** The present state of the source's stream, if this one may have been overtaken. */
  readonly streamNow: (stream: Stream) => Promise<Stream>;
};

export class Receiving {
  readonly #queueId: string;
  readonly #parts: ReceivingParts;
  readonly #first: FirstDeliveries;
  readonly #again: Redeliveries;
  readonly #waiters = new Waiters();
  readonly #acquiring = new Map<string, Promise<void>>();
  #window: Window | undefined;
  #spares: Batch[] = [];
  #turn = 0;
  #isFetching = false;
  #isReadingRows = false;
  #wakeRows: (() => void) | undefined;
  #sweptAtMs = 0;
  #answeredAtMs = -Infinity;
  #countedAtMs = -Infinity;
  #hasRows = false;
  #rowsInFlight = 0;

  constructor(queueId: string, parts: ReceivingParts) {
    this.#queueId = queueId;
    this.#parts = parts;
    this.#first = new FirstDeliveries(parts);
    this.#again = new Redeliveries(parts);
  }

  /**
   * Errors: `limit-exceeded` (too many calls wait), `not-found` (no such queue), `unavailable`; the
   * signal's reason.
   */
  receive(wanted: Wanted): Promise<readonly Delivery[]> {
    if (this.#waiters.size >= waitersMax) {
      throw new GatewayError('limit-exceeded', `too many receivers wait for ${this.#queueId}`);
    }
    const received = this.#waiters.add(wanted);
    if (this.#spares.length > 0) this.#serveSpares();
    this.#begin();
    return received;
  }

  /** A row of this queue has just become visible. */
  wake(): void {
    this.#wakeRows?.();
  }

  #begin(): void {
    if (!this.#isFetching && this.#waiters.size > 0) {
      this.#isFetching = true;
      void this.#fetchWhileWanted();
    }
    if (!this.#isReadingRows && this.#waiters.size > 0) {
      this.#isReadingRows = true;
      void this.#readRowsWhileWanted();
    }
  }

  async #fetchWhileWanted(): Promise<void> {
    while (this.#waiters.size > 0) {
      try {
        const source = await this.#parts.sourceOf(this.#queueId);
        this.#waiters.expire();
        await this.#acquireOnce(source);
      } catch (error) {
        await this.#onFailure(error);
      }
      this.#waiters.expire();
    }
    this.#isFetching = false;
  }

  async #onFailure(error: unknown): Promise<void> {
    // Brokers that do not answer may do so within the time that calls wait; others may continue.
    const isGoingOn = performance.now() - this.#answeredAtMs < goingOnMsMax;
    const canWait = isGoingOn || this.#waiters.untilFirstDeadlineMs() > retryAfterMs;
    if (isGatewayError(error, 'unavailable') && canWait) await delay(retryAfterMs);
    else this.#waiters.rejectAll(error);
  }

  /** Resolves when one leader has answered; requests to the others continue. */
  async #acquireOnce(source: Source): Promise<void> {
    const window = this.#windowOf(source);
    await window.refresh(source.queue.lockMs);
    const shards = this.#isFull(window) ? [] : deliverableShards(source, window);
    const groups = await this.#parts.shares.byLeader(shareGroupOf(source.queue), shards);
    const sliceMs = Math.min(sliceMsMax, this.#waiters.untilFirstDeadlineMs());
    for (const group of groups) {
      const key = group.toSorted((one, other) => one - other).join();
      if (this.#acquiring.has(key) || this.#waiters.size === 0) continue;
      const acquired = this.#acquire(source, group, sliceMs).finally(() => {
        this.#acquiring.delete(key);
      });
      // Failures reach the race below, or the next round.
      acquired.catch(ignore);
      this.#acquiring.set(key, acquired);
    }
    if (this.#acquiring.size === 0) await delay(Math.max(1, sliceMs));
    else await Promise.race(this.#acquiring.values());
  }

  async #acquire(source: Source, shards: readonly number[], waitMsMax: number): Promise<void> {
    const first = this.#turn++ % shards.length;
    const acquired = await this.#parts.shares.acquire(
      shareGroupOf(source.queue),
      [...shards.slice(first), ...shards.slice(0, first)],
      {
        recordsMax: Math.max(1, this.#waiters.wantedCount(acquiredMax)),
        bytesMax: acquiredBytesMax,
        waitMsMax: Math.floor(waitMsMax),
      },
    );
    this.#answeredAtMs = performance.now();
    if (acquired.records.length === 0) return;
    this.#windowOf(source).note(acquired.records);
    const visible = await this.#visible(source, acquired);
    this.#hand({ ...source, stream: visible.stream }, { ...acquired, records: visible.records });
  }

  /** Gives records to waiting calls, in their order. */
  #hand(source: Source, batch: Batch): void {
    let from = 0;
    while (from < batch.records.length) {
      const waiter = this.#waiters.take();
      if (waiter === undefined) break;
      const records = batch.records.slice(from, from + waiter.countMax);
      from += records.length;
      void this.#serve(source, { ...batch, records }, waiter);
    }
    if (from < batch.records.length) this.#spare(source, batch, from);
  }

  async #serve(source: Source, batch: Batch, waiter: Waiter): Promise<void> {
    try {
      const { visibilityMs } = waiter;
      const isPressed = (shard: number) => this.#window?.isPressed(shard) === true;
      const deliveries = await this.#first.deliver(source, batch, visibilityMs, isPressed);
      if (deliveries.length > 0) waiter.resolve(deliveries);
      else this.#wait(waiter);
    } catch (error) {
      waiter.reject(error);
    }
  }

  #wait(waiter: Waiter): void {
    this.#waiters.putBack(waiter);
    this.#begin();
  }

  /** Calls were served by other leaders or by rows, or their clients have gone. */
  #spare(source: Source, batch: Batch, from: number): void {
    const spare = { ...batch, records: batch.records.slice(from) };
    this.#spares.push(spare);
    const park = async (): Promise<void> => {
      if (!this.#spares.includes(spare)) return;
      this.#spares = this.#spares.filter((each) => each !== spare);
      await this.#first.park(source, spare);
      this.wake();
    };
    // If it fails, the locks end by time.
    setTimeout(() => void park().catch(ignore), spareMsMax).unref();
  }

  #serveSpares(): void {
    const spares = this.#spares;
    this.#spares = [];
    for (const spare of spares) {
      void this.#parts
        .sourceOf(this.#queueId)
        .then((source) => this.#hand(source, spare))
        .catch(ignore);
    }
  }

  /**
   * Leaves out what is not part of the stream: what lies behind the end of a closed shard, and what
   * is past the retention. While the end of a shard is being determined, its records wait.
   */
  async #visible(
    source: Source,
    { member, records }: Acquired,
  ): Promise<{ stream: Stream; records: readonly AcquiredRecord[] }> {
    let stream = await this.#parts.streamNow(source.stream);
    const isWaiting = () => records.some(({ partition }) => isSealed(stream, partition));
    for (let checks = 0; checks < sealedChecksMax && isWaiting(); checks += 1) {
      await delay(sealedCheckMs);
      stream = await this.#parts.streamNow(stream);
    }
    const keptSinceMs =
      stream.rules === 'kinesis'
        ? this.#parts.clock.nowMs() - retentionMsOf(stream.retentionHours)
        : -Infinity;
    const isVisible = ({ partition, offset, timestampMs }: AcquiredRecord): boolean => {
      const end = stream.shards[partition]?.closed?.endOffset;
      if (end !== undefined && offset >= end) return false;
      return timestampMs >= keptSinceMs || timestampMs < 0;
    };
    const visible = records.filter(isVisible);
    if (visible.length < records.length) {
      const rest = records.filter((record) => !isVisible(record));
      void this.#first.accept(source, member, rest);
    }
    return { stream, records: visible };
  }

  /** It also keeps the views of queue and stream fresh, for records that come while Kafka waits. */
  async #readRowsWhileWanted(): Promise<void> {
    let nextAtMs = -Infinity;
    while (this.#waiters.size > 0) {
      try {
        const source = await this.#parts.sourceOf(this.#queueId);
        if (performance.now() >= nextAtMs) {
          nextAtMs = performance.now() + (await this.#serveRows(source));
        }
      } catch {
        // The other loop reports what fails; rows are looked for again.
        nextAtMs = performance.now() + rowsEveryMs;
      }
      const pauseMs = Math.min(viewsEveryMs, nextAtMs - performance.now());
      if (pauseMs > 0 && this.#waiters.size > 0 && (await this.#pause(pauseMs)) === 'woken') {
        nextAtMs = -Infinity;
      }
    }
    this.#isReadingRows = false;
  }

  /** Returns after how long rows should be looked for again. */
  async #serveRows(source: Source): Promise<number> {
    const { rows, clock } = this.#parts;
    const countMax = Math.min(rowsMax, Math.max(1, this.#waiters.wantedCount(rowsMax)));
    const due = await rows.due(this.#queueId, 'live', { nowMs: clock.nowMs(), countMax });
    await this.#sweep(source);
    if (this.#hasRows) await this.#countInFlight();
    if (this.#isFull(this.#windowOf(source))) return rowsEveryMs;
    if (due.length === 0) {
      const nextMs = await rows.nextDueMs(this.#queueId, 'live');
      this.#hasRows = nextMs !== undefined;
      if (nextMs === undefined) return rowsSeldomMs;
      return Math.min(rowsEveryMs, Math.max(1, nextMs - clock.nowMs()));
    }
    const onNothing = (waiter: Waiter) => this.#wait(waiter);
    const isServed = await this.#again.serve(source, due, this.#waiters, onNothing);
    return isServed ? 0 : overtakenPauseMs;
  }

  async #sweep(source: Source): Promise<void> {
    if (performance.now() - this.#sweptAtMs < sweepEveryMs) return;
    this.#sweptAtMs = performance.now();
    await this.#again.sweep(source, rowsMax, (shard) => this.#window?.startOf(shard));
  }

  async #pause(ms: number): Promise<'over' | 'woken'> {
    const outcome = await new Promise<'over' | 'woken'>((resolve) => {
      const timer = setTimeout(resolve, ms, 'over');
      this.#wakeRows = () => {
        clearTimeout(timer);
        resolve('woken');
      };
    });
    this.#wakeRows = undefined;
    return outcome;
  }

  /** Whether as many records are in flight as AWS allows. */
  #isFull({ heldMax }: Window): boolean {
    return heldMax + this.#rowsInFlight >= inFlightMax;
  }

  async #countInFlight(): Promise<void> {
    if (performance.now() - this.#countedAtMs < countEveryMs) return;
    this.#countedAtMs = performance.now();
    const { rows, clock } = this.#parts;
    const range = { nowMs: clock.nowMs(), countMax: inFlightMax };
    const { live, dead } = await rows.counts(this.#queueId, range);
    this.#rowsInFlight = live.inFlight + dead.inFlight;
  }

  #windowOf({ queue }: Source): Window {
    this.#window ??= new Window(this.#parts.shares, shareGroupOf(queue));
    return this.#window;
  }
}

/** Shards with a position that may still have records; closed ones until they are done with. */
function deliverableShards({ queue, stream }: Source, window: Window): number[] {
  const indexes: number[] = [];
  for (const { index, closed } of stream.shards) {
    if (index >= queue.shardCount) break;
    if (isSealed(stream, index)) continue;
    if (closed !== undefined && window.isFinished(index)) continue;
    indexes.push(index);
  }
  return indexes;
}

function ignore(): void {}
