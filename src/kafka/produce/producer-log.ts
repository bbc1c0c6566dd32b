/** The Kafka door's requests to the log about its clients' producers. */
import type { Offset } from '../../domain/streams/stream.ts';
import type { LogPartition } from '../../ports/record-log.ts';

export type ProducerState = {
  readonly epoch: number;
  /** The sequence number of the producer's last record in the partition; −1 if there is none. */
  readonly lastSequence: number;
};

export type TransactionalBatch = {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** One record batch of format 2, with the producer's id, epoch and sequence. */
  readonly bytes: Buffer;
  /** Whether the write adds the partition to the transaction implicitly (KIP-890, part 2). */
  readonly implicit: boolean;
};

export type TransactionalAppend = {
  /** Kafka's error code; 0 if it was appended. */
  readonly code: number;
  readonly message: string | null;
  readonly baseOffset: Offset;
};

/** Errors: `not-found`, `unavailable`. */
export type ProducerLog = {
  /** The producer's state at the partition's leader (KIP-664). */
  producerState(where: LogPartition, producerId: bigint): Promise<ProducerState | undefined>;
  /**
   * The bytes of the log from the batch on that holds this offset, whatever became of its
   * transaction: some whole batches, the last may be cut off. Empty at the end of the log.
   */
  batchesAt(where: LogPartition, offset: Offset): Promise<Buffer>;
  /** Writes within the transaction of a client. A rejected write may be in the log. */
  appendInTransaction(where: LogPartition, batch: TransactionalBatch): Promise<TransactionalAppend>;
};
