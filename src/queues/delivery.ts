/** A record on its way to a receiver, and what the parts of the data plane share. */
import { randomBytes } from 'node:crypto';
import type { Queue } from '../domain/queues/queue.ts';
import type { Receipt } from '../domain/queues/receipt.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { retentionMsOf } from '../domain/streams/stream-rules.ts';
import type { Clock } from '../ports/clock.ts';
import type { QueueRow, QueueRows } from '../ports/queue-rows.ts';
import type { LogRecord, RecordLog } from '../ports/record-log.ts';
import type { ShareLog } from '../ports/share-log.ts';

export type Delivery = {
  readonly shard: number;
  readonly record: LogRecord;
  readonly receipt: Receipt;
};

export type DataPlaneParts = {
  readonly shares: ShareLog;
  readonly rows: QueueRows;
  readonly log: RecordLog;
  readonly clock: Clock;
};

/** A queue and its stream, as they were read for this delivery. */
export type Source = { readonly queue: Queue; readonly stream: Stream };

const receiptBytes = 16;

/** The key of a new delivery. */
export function newReceiptKey(): string {
  return randomBytes(receiptBytes).toString('base64url');
}

/** When the record's retention ends. */
export function expiryOf({ retentionHours }: Stream, { timestampMs }: LogRecord, nowMs: number) {
  return (timestampMs < 0 ? nowMs : timestampMs) + retentionMsOf(retentionHours);
}

/** The receipt for a delivery that the row describes. */
export function receiptOfRow(queueId: string, row: QueueRow): Receipt {
  return {
    kind: row.state === 'dead' ? 'dead' : 'live',
    queueId,
    shard: row.shard,
    offset: row.offset,
    key: row.receipt,
    receiveCount: row.receiveCount,
    firstReceivedAtMs: row.firstReceivedAtMs,
    inFlightUntilMs: row.visibleAtMs,
    expiresAtMs: row.expiresAtMs,
  };
}

/** The row of the delivery that the receipt describes, with other contents where given. */
export function rowOfReceipt(receipt: Receipt, changed: Partial<QueueRow>): QueueRow {
  return {
    shard: receipt.shard,
    offset: receipt.offset,
    state: receipt.kind === 'dead' ? 'dead' : 'live',
    visibleAtMs: receipt.inFlightUntilMs,
    receiveCount: receipt.receiveCount,
    firstReceivedAtMs: receipt.firstReceivedAtMs,
    receipt: receipt.key,
    expiresAtMs: receipt.expiresAtMs,
    ...changed,
  };
}
