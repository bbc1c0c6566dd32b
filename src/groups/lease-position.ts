/** Converts a checkpoint that KCL wrote to the offset of the next record to read. */
import { userRecordCount } from '../domain/records/aggregated-record.ts';
import { type Checkpoint, noOffset, positionAt } from '../domain/leases/leases.ts';
import { type Offset, type Shard, type Stream, toOffset } from '../domain/streams/stream.ts';
import { isGatewayError } from '../domain/errors.ts';
import type { RecordLog } from '../ports/record-log.ts';

/** Larger than any record, so that it is read completely. */
const recordBytesMax = 16 * 1024 * 1024;

/**
 * The offset from which a consumer group continues; noOffset if auto.offset.reset decides (LATEST,
 * AT_TIMESTAMP), or the checkpoint belongs to another stream. Errors: `unavailable`.
 */
export async function resumePosition(
  log: RecordLog,
  stream: Stream,
  shard: Shard,
  checkpoint: Checkpoint,
): Promise<Offset> {
  const position = positionAt(shard, checkpoint);
  const where = { log: stream.name, partition: shard.index };
  if (position.kind === 'start') return log.startOffset(where);
  if (position.kind === 'end') return shard.closed?.endOffset ?? log.endOffset(where);
  if (position.kind !== 'after') return noOffset;
  const { record, userRecord } = position;
  const isDone = await hasDone(log, where, record, userRecord);
  return isDone ? toOffset(record + 1n) : record;
}

/**
 * Whether the whole record is processed. A checkpoint inside an aggregated record leaves some of
 * its user records: the whole aggregate is read again, because an offset cannot point into it.
 */
async function hasDone(
  log: RecordLog,
  where: { readonly log: string; readonly partition: number },
  record: Offset,
  userRecord: number,
): Promise<boolean> {
  const limits = { recordsMax: 1, bytesMax: recordBytesMax, waitMsMax: 0 };
  try {
    const { records, release } = await log.read(where, record, limits);
    const [first] = records;
    const isKept = first !== undefined && first.offset === record && first.value !== null;
    const count = isKept ? userRecordCount(first.value) : undefined;
    release?.();
    if (!isKept) return true;
    return count === undefined ? userRecord === 0 : userRecord >= count - 1;
  } catch (error) {
    // A record that is no longer retained cannot be read again anyway.
    if (isGatewayError(error, 'invalid-argument') || isGatewayError(error, 'not-found'))
      return true;
    throw error;
  }
}
