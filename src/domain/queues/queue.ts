/**
 * A queue of a stream: delivery of single records, which are received, acknowledged, and delivered
 * again if they are not. Pure data, as the catalog stores it. Source: CreateQueue of the Kinesis
 * service model (boto3 1.44.8).
 */

export type QueueStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';

/** Where delivery begins. */
export type QueueStart =
  | { readonly type: 'TRIM_HORIZON' }
  | { readonly type: 'LATEST' }
  | { readonly type: 'AT_TIMESTAMP'; readonly timestampMs: number };

export type QueueAttributes = {
  /** 0 to 43,200. */
  readonly visibilitySeconds: number;
  /**
   * How often a record is received before it becomes a dead letter, 1 to 1,000. Absent: records
   * never become dead letters (TargetType NONE).
   */
  readonly receivesMax?: number;
};

/** The stream that the queue delivers from; a later stream of that name is another one. */
export type QueueStream = { readonly name: string; readonly createdAtMs: number };

export type Queue = {
  /**
   * The last part of the queue's ARN, a label of a host name, and the id of the share group that
   * holds its records in Kafka: never used again, so a later queue of the same name starts with
   * nothing.
   */
  readonly id: string;
  readonly name: string;
  readonly stream: QueueStream;
  readonly start: QueueStart;
  readonly attributes: QueueAttributes;
  readonly status: QueueStatus;
  readonly createdAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
  /** The resource policy, byte for byte as it was received. */
  readonly policy?: string;
  /**
   * How long Kafka locks a record of this queue for its receiver: the visibility timeout, within
   * the bounds of the cluster. 0 until the share group exists, and while its lock changes: what
   * Kafka locks records for is not known then, so those that are received need rows.
   */
  readonly lockMs: number;
  /** The shards whose position the share group has: all with an index below this number. */
  readonly shardCount: number;
  /**
   * Present while the queue is CREATING: the offset at which delivery from each shard begins, in
   * decimal, in the order of the shards' indexes. They are determined before CreateQueue answers,
   * so LATEST misses no record that is put afterwards, whichever gateway creates the share group.
   */
  readonly firstOffsets?: readonly string[];
  /** The time from which records are delivered, as it is shown once the queue is ACTIVE. */
  readonly startsAtMs?: number;
  /**
   * Whether a record that a receiver holds by Kafka's lock may have a row, too: from the first
   * UpdateQueueRecordsVisibility that gives such a record more time. See docs/queues.md.
   */
  readonly extends: boolean;
  /** Incremented by every change; changes are conditional on it. */
  readonly version: number;
};

/** What a stream stores of its queues: enough to count them, and to find them. */
export type QueueRef = { readonly id: string; readonly name: string };

export const visibilitySecondsDefault = 30;
export const receivesMaxDefault = 6;
/** Source: "Quotas and limits", Kinesis Data Streams developer guide. */
export const inFlightMax = 120_000;
export const changingQueuesMax = 5;
