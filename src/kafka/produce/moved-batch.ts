/** What is common to batches that do not go to the partition that their producer chose. */
import { openDescendant, shardForPartitionKey } from '../../domain/streams/shard-routing.ts';
import { isOpen, toOffset, type Shard, type Stream } from '../../domain/streams/stream.ts';
import { partitionKeyOf } from '../../domain/records/visible-record.ts';
import { placementOf } from '../../domain/streams/placement-tag.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { ProducerLog } from '../../ports/producer-log.ts';
import type { RecordLog } from '../../ports/record-log.ts';
import type { StreamWriter } from '../../streams/writer.ts';
import type { FullRecord } from '../../wire/record-batch.ts';
import { hashKeyOfRecord, type ProducedBatch } from './produced-batch.ts';
import type { StreamRulesView } from '../rules/stream-rules.ts';

/** A batch for another process, as it is told: its bytes in base64, or where the log has it. */
export type BatchElsewhere = {
  readonly stream: string;
  readonly createdAtMs: number;
  /** Of the view by which it was seen that the batch goes elsewhere. */
  readonly version: number;
  /** The partition that the producer chose. */
  readonly index: number;
  readonly terms: ProducerTerms;
  readonly what: { readonly records: string } | { readonly lateAt: string };
};

/**
 * Where several processes serve clients: asks the one that places the batches of a producer, and
 * remembers them; undefined where that is this one. Answers Kafka's code. Errors: `unavailable`.
 */
export type PlacedElsewhere = (
  producerId: bigint,
) => ((batch: BatchElsewhere) => Promise<number>) | undefined;

export type MovedBatchesSettings = {
  readonly placedElsewhere?: PlacedElsewhere | undefined;
  readonly streams: StreamRulesView;
  readonly writer: Pick<StreamWriter, 'place' | 'decided'>;
  readonly producers: ProducerLog;
  readonly log: Pick<RecordLog, 'writtenOffset'>;
};

/** How the client writes. */
export type ProducerTerms = {
  readonly transactionalId: string | null;
  /** Its writes add partitions to the transaction themselves (KIP-890, part 2). */
  readonly implicit: boolean;
};

/** Kafka's codes, as a producer gets them. */
export const noError = 0;
export const unknownTopicOrPartition = 3;
export const requestTimedOut = 7;
const messageTooLarge = 10;
const authorizationFailed = 29;
export const outOfOrderSequence = 45;
export const duplicateSequence = 46;
export const invalidTransactionState = 48;
const unknownServerError = -1;

/** The shard that a record of a Kafka producer goes to, which wrote it to this partition. */
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

/** The stream as it is now; what waits for its turn may have an old view. */
export async function currentView(streams: StreamRulesView, stream: Stream): Promise<Stream> {
  if (streams.isCurrent(stream)) return stream;
  const now = await streams.find(stream.name);
  if (now.createdAtMs === stream.createdAtMs) return now;
  throw new GatewayError('not-found', `stream ${stream.name} was deleted`);
}

/** A failure in the terms of a producer, which tries again what may go well. */
export function codeOf(error: unknown): number {
  if (!(error instanceof GatewayError)) return unknownServerError;
  switch (error.kind) {
    case 'not-found':
      return unknownTopicOrPartition;
    case 'invalid-argument':
      return messageTooLarge;
    case 'access-denied':
      return authorizationFailed;
    case 'unavailable':
    case 'throughput-exceeded':
      return requestTimedOut;
    default:
      return unknownServerError;
  }
}
