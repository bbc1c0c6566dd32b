/** The one record batch that a Produce request has for a partition. */
import { partitionKeyOf } from '../../domain/records/visible-record.ts';
import { hashKeyOf } from '../../domain/streams/hash-key.ts';
import { toOffset, type HashKey } from '../../domain/streams/stream.ts';
import { WireError } from '../../wire/primitives.ts';
import type { RecordBatch } from '../../wire/batch.ts';
import {
  crcEnd,
  crcStart,
  type FullRecord,
  fullRecordsOf,
  isIntact,
  magic,
  readBatches,
  unpackBatch,
} from '../../wire/record-batch.ts';
import { errorCodes } from '../../wire/errors.ts';

export type ProducedBatch = RecordBatch & { readonly records: readonly FullRecord[] };

/** The batch, or Kafka's code if it is invalid. Source: the broker's own checks of a batch. */
export function checkProduced(records: Buffer | null): RecordBatch | number {
  if (records === null || records.length === 0) return errorCodes.INVALID_RECORD;
  try {
    const [batch, more] = readBatches(records);
    if (batch === undefined) return errorCodes.CORRUPT_MESSAGE;
    if (more !== undefined || batch.magic !== magic || batch.control)
      return errorCodes.INVALID_RECORD;
    if (batch.bytes.length !== records.length || !isIntact(batch))
      return errorCodes.CORRUPT_MESSAGE;
    return batch;
  } catch (error) {
    if (error instanceof WireError) return errorCodes.CORRUPT_MESSAGE;
    throw error;
  }
}

/** The batch with its records, or Kafka's code if they are invalid. */
export async function readProduced(batch: RecordBatch): Promise<ProducedBatch | number> {
  try {
    return await withRecords(batch);
  } catch (error) {
    if (error instanceof WireError) return errorCodes.CORRUPT_MESSAGE;
    throw error;
  }
}

/** Throws WireError. */
export async function withRecords(batch: RecordBatch): Promise<ProducedBatch> {
  const plain = await unpackBatch(batch);
  return { ...plain, records: fullRecordsOf(plain) };
}

/**
 * The hash key that determines a record's shard: MD5 of its partition key as Kinesis readers see
 * it. Records without a key share the hash key of their batch, so that they stay together.
 */
export function hashKeyOfRecord({ key }: FullRecord, { bytes }: RecordBatch): HashKey {
  if (key === null) return hashKeyOf(bytes.subarray(crcStart, crcEnd));
  return hashKeyOf(partitionKeyOf(key, toOffset(0n)));
}
