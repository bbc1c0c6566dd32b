/** Records as queues deliver them, and the members that the receiving actions share. */
import { printReceipt } from '../../../domain/queues/receipt.ts';
import { printSequenceNumber, sequenceNumberOf } from '../../../domain/records/sequence-number.ts';
import { dataOf, partitionKeyOf } from '../../../domain/records/visible-record.ts';
import type { Queue } from '../../../domain/queues/queue.ts';
import type { Delivery } from '../../../queues/delivery.ts';
import type { Wanted } from '../../../queues/waiters.ts';
import { integer, list, required, string, timestamp, type ValueOf } from '../../protocol/shape.ts';
import type { KinesisContext } from '../action.ts';
import { recordStyleOf } from './record-view.ts';
import { findStream } from '../resources/stream-address.ts';
import { data, namedStructure, partitionKey, queueArn, visibilitySeconds } from '../shapes.ts';

export const receiptHandle = string({ min: 1, max: 1024 });

const queueRecord = namedStructure(
  {
    ReceiptHandle: required(receiptHandle),
    RecordId: required(string({ pattern: '^[a-z0-9]+$', min: 1, max: 64 })),
    PartitionKey: partitionKey,
    Data: required(data),
    ApproximateArrivalTimestamp: required(timestamp()),
    FirstReceiveTimestamp: required(timestamp()),
    ReceiveCount: required(integer({ min: 0 })),
  },
  'QueueRecord',
);

export const receiveMembers = {
  QueueARN: required(queueArn),
  Limit: integer({ min: 1, max: 10 }),
  WaitTimeSeconds: integer({ min: 1, max: 20 }),
  VisibilityTimeoutSeconds: visibilitySeconds,
};
export const receivedMembers = { QueueRecords: required(list(queueRecord)) };

const countDefault = 10;
const waitSecondsDefault = 9;

type ReceiveRequest = {
  readonly Limit?: number | undefined;
  readonly WaitTimeSeconds?: number | undefined;
  readonly VisibilityTimeoutSeconds?: number | undefined;
};

export function wantedBy(
  request: ReceiveRequest,
  { attributes }: Queue,
  { signal }: KinesisContext,
): Wanted {
  const seconds = request.VisibilityTimeoutSeconds ?? attributes.visibilitySeconds;
  return {
    countMax: request.Limit ?? countDefault,
    visibilityMs: seconds * 1000,
    waitMsMax: (request.WaitTimeSeconds ?? waitSecondsDefault) * 1000,
    signal,
  };
}

type QueueRecordView = ValueOf<typeof queueRecord>;

/**
 * The id of a record is its sequence number, so it is the same in every queue, and finds the record
 * in its stream.
 */
export async function viewDeliveries(
  { stream: { name } }: Queue,
  deliveries: readonly Delivery[],
  context: KinesisContext,
): Promise<{ readonly QueueRecords: readonly QueueRecordView[] }> {
  if (deliveries.length === 0) return { QueueRecords: [] };
  const stream = await findStream({ StreamName: name }, context);
  const { isKeyOptional } = recordStyleOf(stream);
  const nowMs = context.clock.nowMs();
  const records = deliveries.flatMap(({ shard: index, record, receipt }) => {
    const shard = stream.shards[index];
    if (shard === undefined) return [];
    const { offset, timestampMs, key, value } = record;
    return {
      ReceiptHandle: printReceipt(receipt, context.secret),
      RecordId: printSequenceNumber(sequenceNumberOf(shard, offset)),
      PartitionKey: key === null && isKeyOptional ? undefined : partitionKeyOf(key, offset),
      Data: dataOf(value),
      // Producers may omit a record's timestamp, which is −1 in Kafka then.
      ApproximateArrivalTimestamp: timestampMs < 0 ? nowMs : timestampMs,
      FirstReceiveTimestamp: receipt.firstReceivedAtMs,
      ReceiveCount: receipt.receiveCount,
    };
  });
  context.tally.records += records.length;
  return { QueueRecords: records };
}
