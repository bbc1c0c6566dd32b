/** Reports on queues, from what the engines store of them. */
import type { QueueStatus } from '../domain/queues/queue.ts';

export type QueueShardReport = {
  readonly shardId: string;
  readonly partition: number;
  /** Everything before it is done with, and more may be; null if the shard has none yet. */
  readonly position: number | null;
  /** One past the last record that can be read. */
  readonly endOffset: number;
  /**
   * What Kafka has between the two that is not done with: not delivered yet, or locked for a
   * receiver. Kafka does not tell how many are locked.
   */
  readonly inLog: number;
  /** Records that were received before, and are to be received again now. */
  readonly again: number;
  /** Records in flight that have a row; see RowCounts. */
  readonly inFlight: number;
  readonly deadLetters: number;
  readonly deadLettersInFlight: number;
};

export type QueueReport = {
  /** The queue's id, which is that of its share group. */
  readonly group: string;
  readonly queue: string;
  readonly stream: string;
  readonly status: QueueStatus;
  readonly shards: readonly QueueShardReport[];
};

export type QueueSummary = {
  readonly group: string;
  readonly queue: string;
  readonly stream: string;
  readonly shards: number;
  /** The sum of `inLog` and `again`. */
  readonly visible: number;
  readonly inFlight: number;
  readonly deadLetters: number;
  /** Why there are no numbers; absent if nothing is wrong. */
  readonly problem?: string;
};

/** Current reports; a report changes nothing about the queue. */
export type QueueReporting = {
  /**
   * At most `queuesMax` queues, the first ones by id; one that cannot be read has a problem
   * instead. Errors: `unavailable`.
   */
  list(queuesMax: number): Promise<readonly QueueSummary[]>;
  /** Undefined if there is no queue with this id. Errors: `unavailable`. */
  show(queueId: string): Promise<QueueReport | undefined>;
};
