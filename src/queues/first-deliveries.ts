/**
 * What becomes of records that Kafka has locked for a receiver. Most are simply handed out: the
 * lock keeps others from them. A record gets a row, and is accepted in Kafka, if the lock alone
 * cannot express its state. The row is written first, the record accepted second, the receiver
 * answered last: a gateway that dies in between leaves a lock that ends, and the next receiver
 * finds the row. See docs/queues.md.
 */
import { isGatewayError } from '../domain/errors.ts';
import { lockSlackMs } from '../domain/queues/queue-changes.ts';
import type { QueueRow, RecordPlace } from '../ports/queue-rows.ts';
import type { AcquiredRecord, Settlement } from '../ports/share-log.ts';
import {
  type DataPlaneParts,
  type Delivery,
  expiryOf,
  newReceiptKey,
  receiptOfRow,
  type Source,
} from './delivery.ts';
import { shareGroupOf } from './share-group.ts';

/** Records that were acquired together, or a part of them. */
export type Batch = {
  readonly member: string;
  readonly lockedUntilMs: number;
  readonly records: readonly AcquiredRecord[];
};

/** A lock may outlast the visibility timeout by this much. */
const excessMsMax = 2 * lockSlackMs;

export class FirstDeliveries {
  readonly #parts: DataPlaneParts;

  constructor(parts: DataPlaneParts) {
    this.#parts = parts;
  }

  /**
   * Hands out the records for this visibility timeout; those that have a row already are left to
   * it. `isPressed`: whether locks would hold up the shard. Errors: `unavailable`; what was not
   * handed out comes again when its lock ends.
   */
  async deliver(
    source: Source,
    batch: Batch,
    visibilityMs: number,
    isPressed: (shard: number) => boolean,
  ): Promise<readonly Delivery[]> {
    const isHoldable = this.#holdable(source, batch, visibilityMs);
    const canHold = ({ partition, deliveryCount }: AcquiredRecord) =>
      isHoldable && deliveryCount === 1 && !isPressed(partition);
    const deliveries: Delivery[] = [];
    const others: AcquiredRecord[] = [];
    for (const record of batch.records) {
      if (canHold(record) && !record.isOlderThanLeader) {
        deliveries.push(this.#held(source, batch, record, visibilityMs));
      } else others.push(record);
    }
    if (others.length === 0) return deliveries;
    const unknown = await this.#withoutRow(source, others);
    const parked: AcquiredRecord[] = [];
    for (const record of unknown) {
      if (canHold(record)) deliveries.push(this.#held(source, batch, record, visibilityMs));
      else parked.push(record);
    }
    const isHeld = new Set(deliveries.map(({ record }) => record));
    const rows = parked.map((record) => this.#rowOf(source, record, visibilityMs));
    const added = await this.#parts.rows.add(source.queue.id, rows);
    const accepted = others.filter((record) => !isHeld.has(record));
    await this.accept(source, batch.member, accepted);
    for (const [index, record] of parked.entries()) {
      const row = rows[index]!;
      if (added[index] !== true || row.state === 'dead') continue;
      const receipt = receiptOfRow(source.queue.id, row);
      deliveries.push({ shard: record.partition, record, receipt });
    }
    return deliveries;
  }

  /**
   * Gives up records that no receiver is left for: they get rows that say that they were never
   * received. Errors: `unavailable`.
   */
  async park(source: Source, { member, records }: Batch): Promise<void> {
    const unknown = await this.#withoutRow(source, records);
    const rows = unknown.map((record) => ({
      ...this.#rowOf(source, record, 0),
      receiveCount: Math.max(0, record.deliveryCount - 1),
    }));
    await this.#parts.rows.add(source.queue.id, rows);
    await this.accept(source, member, records);
  }

  /** If it fails, the locks end by time, and the next gateway that acquires them accepts them. */
  async accept(
    { queue }: Source,
    member: string,
    records: readonly AcquiredRecord[],
  ): Promise<void> {
    if (records.length === 0) return;
    const settlements = records.map(({ partition, offset }): Settlement => {
      return { partition, offset, verdict: 'accept' };
    });
    try {
      await this.#parts.shares.settle(shareGroupOf(queue), member, settlements);
    } catch (error) {
      if (!isGatewayError(error)) throw error;
    }
  }

  #holdable({ queue }: Source, { lockedUntilMs }: Batch, visibilityMs: number): boolean {
    const { receivesMax } = queue.attributes;
    // While the lock is being changed, it is 0.
    if (queue.lockMs === 0) return false;
    // A record that may be received once only becomes a dead letter when its lock ends.
    if (receivesMax !== undefined && receivesMax < 2) return false;
    const leftMs = lockedUntilMs - this.#parts.clock.nowMs();
    return visibilityMs <= leftMs && leftMs - visibilityMs <= excessMsMax;
  }

  #held(
    { queue, stream }: Source,
    { member }: Batch,
    record: AcquiredRecord,
    visibilityMs: number,
  ): Delivery {
    const nowMs = this.#parts.clock.nowMs();
    return {
      shard: record.partition,
      record,
      receipt: {
        kind: 'held',
        queueId: queue.id,
        shard: record.partition,
        offset: record.offset,
        key: member,
        receiveCount: 1,
        firstReceivedAtMs: nowMs,
        inFlightUntilMs: nowMs + visibilityMs,
        expiresAtMs: expiryOf(stream, record, nowMs),
      },
    };
  }

  /** The row of a record that is received now, or that was received too often before. */
  #rowOf({ queue, stream }: Source, record: AcquiredRecord, visibilityMs: number): QueueRow {
    const nowMs = this.#parts.clock.nowMs();
    const { receivesMax = Infinity } = queue.attributes;
    const earlier = record.deliveryCount - 1;
    const isDead = earlier >= receivesMax;
    return {
      shard: record.partition,
      offset: record.offset,
      state: isDead ? 'dead' : 'live',
      visibleAtMs: isDead ? nowMs : nowMs + visibilityMs,
      receiveCount: isDead ? earlier : earlier + 1,
      // Kafka does not remember when: a lock's time for each earlier delivery is the latest.
      firstReceivedAtMs: nowMs - earlier * queue.lockMs,
      receipt: newReceiptKey(),
      expiresAtMs: expiryOf(stream, record, nowMs),
    };
  }

  /** Those for which no row exists, among records that may have been delivered before. */
  async #withoutRow(
    { queue }: Source,
    records: readonly AcquiredRecord[],
  ): Promise<readonly AcquiredRecord[]> {
    const isUnsure = ({ deliveryCount, isOlderThanLeader }: AcquiredRecord) =>
      deliveryCount > 1 || isOlderThanLeader;
    const unsure = records.filter(isUnsure);
    if (unsure.length === 0) return records;
    const places = unsure.map(({ partition, offset }): RecordPlace => {
      return { shard: partition, offset };
    });
    const rows = await this.#parts.rows.get(queue.id, places);
    const known = new Set(unsure.filter((_record, index) => rows[index] !== undefined));
    return records.filter((record) => !known.has(record));
  }
}
