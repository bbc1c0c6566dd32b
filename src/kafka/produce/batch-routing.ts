/** Where the records of a batch go if they cannot stay in the partition that the producer chose. */
import { openDescendant, shardForPartitionKey } from '../../domain/streams/shard-routing.ts';
import { isOpen, toOffset, type Shard, type Stream } from '../../domain/streams/stream.ts';
import { partitionKeyOf } from '../../domain/records/visible-record.ts';
import { placementOf } from '../../domain/streams/placement-tag.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { ProducerLog } from './producer-log.ts';
import type { RecordLog } from '../../ports/record-log.ts';
import type { StreamWriter } from '../../streams/writer.ts';
import type { FullRecord } from '../../wire/record-batch.ts';
import { hashKeyOfRecord, type ProducedBatch } from './produced-batch.ts';
import type { StreamRulesView } from '../rules/stream-rules.ts';
import type { ForwardBatch } from './forwarded-batch.ts';

export type BatchRoutingSettings = {
  /** Undefined if only one process has the ports. */
  readonly forward: ForwardBatch | undefined;
  readonly streams: StreamRulesView;
  readonly writer: Pick<StreamWriter, 'place' | 'decided'>;
  readonly producers: ProducerLog;
  readonly log: Pick<RecordLog, 'writtenOffset'>;
};

/** The shard for a record that a Kafka producer wrote to this partition. */
export function shardOf(
  stream: Stream,
  index: number,
  record: FullRecord,
  batch: ProducedBatch,
): Shard {
  const { key } = record;
  if (placementOf(stream) === 'enforce' && key !== null) {
    return shardForPartitionKey(stream, partitionKeyOf(key, toOffset(0n)));
  }
  const chosen = stream.shards[index];
  if (chosen !== undefined && isOpen(chosen)) return chosen;
  return openDescendant(stream, index, hashKeyOfRecord(record, batch));
}

/** The current stream: the view of a batch that had to wait may be old. */
export async function currentView(streams: StreamRulesView, stream: Stream): Promise<Stream> {
  if (streams.isCurrent(stream)) return stream;
  const now = await streams.find(stream.name);
  if (now.createdAtMs === stream.createdAtMs) return now;
  throw new GatewayError('not-found', `stream ${stream.name} was deleted`);
}
