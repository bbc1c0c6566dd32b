import type { Offset } from '../domain/streams/stream.ts';

/** A record of a queue. */
export type RecordPlace = { readonly shard: number; readonly offset: Offset };

/**
 * - `live`: delivered again, or for the first time, from `visibleAtMs` on.
 * - `dead`: a dead letter, which only the operations on dead letters see, from `visibleAtMs` on.
 * - `done`: acknowledged at `visibleAtMs`. Kafka may still deliver the record once; the gateway
 *   that acquires it then accepts it and shows it to nobody.
 */
export type RowState = 'live' | 'dead' | 'done';

/** The state of one record that Kafka's lock alone cannot express. */
export type QueueRow = RecordPlace & {
  readonly state: RowState;
  readonly visibleAtMs: number;
  readonly receiveCount: number;
  readonly firstReceivedAtMs: number;
  /**
   * The receipt under which the record is in flight, 16 bytes as base64url; changes are conditional
   * on it.
   */
  readonly receipt: string;
  /**
   * When the record's retention ends: the row counts as gone from then on, and DynamoDB may delete
   * it. Number.MAX_SAFE_INTEGER where retention never ends.
   */
  readonly expiresAtMs: number;
};

/** A change of a row, which is made if the stored row still has this receipt and state. */
export type RowChange = {
  readonly before: Pick<QueueRow, 'shard' | 'offset' | 'receipt' | 'state'>;
  /** Absent: the row is deleted. */
  readonly after?: QueueRow;
};

export type RowCounts = {
  /** Rows with `visibleAtMs` at or before now, and after now, in each state. */
  readonly live: { readonly visible: number; readonly inFlight: number };
  readonly dead: { readonly visible: number; readonly inFlight: number };
};

export type CountRange = {
  readonly nowMs: number;
  readonly countMax: number;
  /** Its rows are read one by one, up to `countMax` of them in any state. */
  readonly shard?: number;
};

/**
 * Rows of records that are not simply locked in Kafka. Many changes may be made by one call; each
 * succeeds or fails for itself. Errors: `unavailable` (the outcome of the changes is then unknown).
 */
export type QueueRows = {
  /** Stores rows where none exists for the record; false for records that had a row already. */
  add(queueId: string, rows: readonly QueueRow[]): Promise<readonly boolean[]>;
  /** By a consistent read; undefined where there is none. */
  get(queueId: string, places: readonly RecordPlace[]): Promise<readonly (QueueRow | undefined)[]>;
  /** Whether each was made: not if the row has changed, or is gone. */
  change(queueId: string, changes: readonly RowChange[]): Promise<readonly boolean[]>;
  /** Rows in this state that are visible at this time, the longest visible ones first. */
  due(
    queueId: string,
    state: RowState,
    range: { readonly nowMs: number; readonly countMax: number },
  ): Promise<readonly QueueRow[]>;
  /** When the next row in this state becomes visible; undefined if there is no row. */
  nextDueMs(queueId: string, state: RowState): Promise<number | undefined>;
  /** Counts no further than `countMax` of each; of all shards or of one. */
  counts(queueId: string, range: CountRange): Promise<RowCounts>;
  /** Deletes all rows of a queue, page by page. */
  clear(queueId: string): Promise<void>;
};
