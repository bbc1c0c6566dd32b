import type { Offset } from '../domain/streams/stream.ts';
import type { LogRecord } from './record-log.ts';

/** A share group of the cluster on one log (KIP-932). */
export type ShareGroup = { readonly groupId: string; readonly log: string };

/** What the cluster grants of what was asked for. */
export type ShareTerms = {
  /** How long a record is locked for the member that acquired it. */
  readonly lockMs: number;
  /** After so many deliveries Kafka gives the record up: it is never delivered again. */
  readonly deliveriesMax: number;
  /** The most offsets between the first record in flight and the last one, per partition. */
  readonly windowMax: number;
};

export type AcquiredRecord = LogRecord & {
  readonly partition: number;
  /** 1 for the first delivery that Kafka remembers. */
  readonly deliveryCount: number;
  /**
   * Whether the record was written under an earlier leader of the partition. Kafka forgets locks
   * when the leader changes, so a first delivery of such a record may be a later one in truth.
   */
  readonly isOlderThanLeader: boolean;
};

export type Acquired = {
  /** The member under which Kafka locks the records; never the same for two calls. */
  readonly member: string;
  /** When the locks end, at the latest. */
  readonly lockedUntilMs: number;
  readonly records: readonly AcquiredRecord[];
};

export type AcquireLimits = {
  readonly recordsMax: number;
  /** The most bytes of batches, which may be compressed; one batch is read even if it is larger. */
  readonly bytesMax: number;
  /** How long to wait for a record; 0 returns at once, possibly with less than there is. */
  readonly waitMsMax: number;
  readonly signal?: AbortSignal;
};

export type Settlement = {
  readonly partition: number;
  readonly offset: Offset;
  /** `accept`: done with; `release`: available again at once, its delivery counted. */
  readonly verdict: 'accept' | 'release';
};

/**
 * `settled`: Kafka took the verdict, or had the record behind its start offset already (it does not
 * tell which). `not-held`: this member does not hold the record now.
 */
export type SettlementResult = 'settled' | 'not-held';

export type SharePosition = {
  /** Everything before it is done with, and more may be: it is stored one verdict late. */
  readonly startOffset: Offset;
  /**
   * Offsets that are not done with, up to the end of the log: not delivered yet, or in flight. 0
   * means that nothing is left. Absent if the cluster does not count them.
   */
  readonly left?: number;
};

/**
 * Share groups of the cluster, used without membership: records are acquired under member ids that
 * are made up for each call, and settled by any gateway that knows the member id. Errors:
 * `not-found` (no such log, partition or group), `access-denied`, `unavailable` (the outcome is
 * then unknown: records may stay locked until their lock ends).
 */
export type ShareLog = {
  /**
   * Creates the group with the position of each partition, and settings that are as close to these
   * as the cluster allows. Partitions that are not named are not delivered from.
   */
  create(
    group: ShareGroup,
    settings: { readonly lockMs: number },
    starts: ReadonlyMap<number, Offset>,
  ): Promise<ShareTerms>;
  /** Sets positions of partitions that have none yet; others stay. */
  extend(group: ShareGroup, starts: ReadonlyMap<number, Offset>): Promise<void>;
  /** Changes the lock of future deliveries. */
  change(group: ShareGroup, settings: { readonly lockMs: number }): Promise<ShareTerms>;
  terms(group: ShareGroup): Promise<ShareTerms>;
  /**
   * Acquires records of one leader's partitions, the first partition with records first: callers
   * change the order from call to call. The locks belong to no connection when this resolves: they
   * end by `settle`, or by time.
   */
  acquire(
    group: ShareGroup,
    partitions: readonly number[],
    limits: AcquireLimits,
  ): Promise<Acquired>;
  /** Results in the order of the settlements. */
  settle(
    group: ShareGroup,
    member: string,
    settlements: readonly Settlement[],
  ): Promise<readonly SettlementResult[]>;
  /** The partitions in groups with the same leader now; without those that have none now. */
  byLeader(
    group: ShareGroup,
    partitions: readonly number[],
  ): Promise<readonly (readonly number[])[]>;
  /** Of partitions that have a position. */
  positions(group: ShareGroup): Promise<ReadonlyMap<number, SharePosition>>;
  /** Deletes the group and everything that brokers keep of it; no error if it does not exist. */
  delete(group: ShareGroup): Promise<void>;
};
