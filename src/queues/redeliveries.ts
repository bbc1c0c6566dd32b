/**
 * Deliveries of records that have a row: again after their visibility timeout, or as dead letters.
 * A row is claimed by a conditional change, so one of several gateways hands the record out.
 */
import { toOffset, type Offset } from '../domain/streams/stream.ts';
import type { QueueRow, RowChange } from '../ports/queue-rows.ts';
import type { LogRecord } from '../ports/record-log.ts';
import type { Waiter, Waiters } from './waiters.ts';
import {
  type DataPlaneParts,
  type Delivery,
  newReceiptKey,
  receiptOfRow,
  type Source,
} from './delivery.ts';

/** The start offset of a shard's position in the share group, as far as it is known. */
export type KnownStart = (shard: number) => Offset | undefined;

/**
 * Rows of acknowledged records stay longer than any write of a row can take: a gateway that was
 * delayed while it wrote the row of an earlier delivery must find that the record is done with.
 */
const keptDoneMs = 60_000;
/** A record that is read for one delivery has at most this size, and a batch more. */
const readBytesMax = 16 * 1024 * 1024;

export class Redeliveries {
  readonly #parts: DataPlaneParts;

  constructor(parts: DataPlaneParts) {
    this.#parts = parts;
  }

  /**
   * Hands out due rows to waiting calls, in their order; a call that got nothing is passed to
   * `onNothing`. Returns whether any record was handed out: other gateways may have claimed all.
   */
  async serve(
    source: Source,
    due: readonly QueueRow[],
    waiters: Waiters,
    onNothing: (waiter: Waiter) => void,
  ): Promise<boolean> {
    const served: Promise<boolean>[] = [];
    for (let from = 0; from < due.length;) {
      const waiter = waiters.take();
      if (waiter === undefined) break;
      const part = due.slice(from, from + waiter.countMax);
      from += part.length;
      served.push(this.#serveOne(source, part, waiter, onNothing));
    }
    return (await Promise.all(served)).includes(true);
  }

  async #serveOne(
    source: Source,
    due: readonly QueueRow[],
    waiter: Waiter,
    onNothing: (waiter: Waiter) => void,
  ): Promise<boolean> {
    try {
      const deliveries = await this.#deliver(source, due, waiter.visibilityMs);
      if (deliveries.length > 0) waiter.resolve(deliveries);
      else onNothing(waiter);
      return deliveries.length > 0;
    } catch (error) {
      waiter.reject(error);
      return false;
    }
  }

  /**
   * Claims rows that are due, for this visibility timeout. Live ones that were received too often
   * become dead letters instead; those whose record is gone are deleted. Errors: `unavailable`.
   */
  async #deliver(
    { queue, stream }: Source,
    rows: readonly QueueRow[],
    visibilityMs: number,
  ): Promise<readonly Delivery[]> {
    const { receivesMax = Infinity } = queue.attributes;
    const isExhausted = ({ state, receiveCount }: QueueRow) =>
      state === 'live' && receiveCount >= receivesMax;
    const read = await Promise.all(
      rows.map((row) => (isExhausted(row) ? undefined : this.#recordOf(stream.name, row))),
    );
    const nowMs = this.#parts.clock.nowMs();
    const changes = rows.map((row, index): RowChange => {
      if (isExhausted(row)) return { before: row, after: deadRow(row, nowMs) };
      if (read[index] === 'gone') return { before: row };
      return {
        before: row,
        after: {
          ...row,
          visibleAtMs: nowMs + visibilityMs,
          receiveCount: row.receiveCount + 1,
          firstReceivedAtMs: row.receiveCount === 0 ? nowMs : row.firstReceivedAtMs,
          receipt: newReceiptKey(),
        },
      };
    });
    const made = await this.#parts.rows.change(queue.id, changes);
    return rows.flatMap((row, index): Delivery[] => {
      const record = read[index];
      const after = changes[index]?.after;
      if (made[index] !== true || after === undefined) return [];
      if (record === undefined || record === 'gone') return [];
      return [{ shard: row.shard, record, receipt: receiptOfRow(queue.id, after) }];
    });
  }

  /** Makes dead letters of visible records that were received too often. Errors: `unavailable`. */
  async bury({ queue }: Source, countMax: number): Promise<void> {
    const { receivesMax } = queue.attributes;
    if (receivesMax === undefined) return;
    const { rows, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const due = await rows.due(queue.id, 'live', { nowMs, countMax });
    const changes = due
      .filter(({ receiveCount }) => receiveCount >= receivesMax)
      .map((row): RowChange => ({ before: row, after: deadRow(row, nowMs) }));
    if (changes.length > 0) await rows.change(queue.id, changes);
  }

  /**
   * Deletes rows of records that were acknowledged a while ago, and that Kafka delivers no more.
   * Errors: `unavailable`.
   */
  async sweep({ queue }: Source, countMax: number, startOf: KnownStart): Promise<void> {
    const { rows, clock } = this.#parts;
    const nowMs = clock.nowMs() - keptDoneMs;
    const done = await rows.due(queue.id, 'done', { nowMs, countMax });
    const over = done.filter(({ shard, offset }) => (startOf(shard) ?? toOffset(0n)) > offset);
    const deletions = over.map((before) => ({ before }));
    if (deletions.length > 0) await rows.change(queue.id, deletions);
  }

  /** `gone`: past the stream's retention, or removed by compaction. */
  async #recordOf(log: string, { shard, offset }: QueueRow): Promise<LogRecord | 'gone'> {
    const slice = await this.#parts.log.read({ log, partition: shard }, offset, {
      recordsMax: 1,
      bytesMax: readBytesMax,
      waitMsMax: 0,
    });
    const record = slice.records[0];
    return record?.offset === offset ? record : 'gone';
  }
}

function deadRow(row: QueueRow, nowMs: number): QueueRow {
  return { ...row, state: 'dead', visibleAtMs: nowMs, receipt: newReceiptKey() };
}
