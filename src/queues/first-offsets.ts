/** Where the delivery of a new queue begins in each shard of its stream. */
import type { QueueStart } from '../domain/queues/queue.ts';
import type { Offset, Shard, Stream } from '../domain/streams/stream.ts';
import type { RecordLog } from '../ports/record-log.ts';

type Offsets = Pick<RecordLog, 'startOffset' | 'endOffset' | 'offsetAt'>;

/** In the order of the shards' indexes. Errors: those of the log. */
export function firstOffsets(
  stream: Stream,
  start: QueueStart,
  log: Offsets,
): Promise<readonly Offset[]> {
  return Promise.all(stream.shards.map((shard) => firstOffset(stream.name, shard, start, log)));
}

/** Closed shards have records, too, but none after their end. */
async function firstOffset(
  name: string,
  { index, closed }: Shard,
  start: QueueStart,
  log: Offsets,
): Promise<Offset> {
  const where = { log: name, partition: index };
  if (start.type === 'TRIM_HORIZON') return log.startOffset(where);
  const end = closed?.endOffset;
  if (start.type === 'LATEST') return end ?? log.endOffset(where);
  const found = await log.offsetAt(where, start.timestampMs);
  return end !== undefined && found > end ? end : found;
}
