import type { Checkpoint, Lease, NewLease, Seen, StreamOrigin } from '../domain/leases/leases.ts';

/** A change of a lease's checkpoint. */
export type CheckpointChange = {
  /** Of the lease. */
  readonly key: string;
  readonly checkpoint: Checkpoint;
  readonly seen: Seen;
  readonly stream: StreamOrigin;
  /** Written if the shard is finished. */
  readonly childShardIds: readonly string[];
  /**
   * The owner loses the lease: a worker that continued from its memory would overwrite the
   * administrator's offset.
   */
  readonly evict: boolean;
  /** The change is made only if no KCL worker owns the lease. */
  readonly byMember: boolean;
  /** The change is made only if the lease is unchanged since this read. */
  readonly unchangedSince?: Lease;
};

export type RenamedLease = {
  readonly key: string;
  readonly streamIdentifier: string;
  readonly shardId: string;
};

/** Reading lease tables. */
export type LeaseReader = {
  /** Names of all tables with the key of a lease table. */
  list(): Promise<readonly string[]>;
  /** The name of the table in DynamoDB, which differs if it would clash with another table's. */
  nameOf(table: string): Promise<string>;
  /** All leases, by a consistent read; undefined if there is no table. */
  read(table: string): Promise<readonly Lease[] | undefined>;
  /**
   * KCL 3 workers that have reported metrics since that time, with the time of their last report.
   */
  workers(table: string, sinceSeconds: number): Promise<ReadonlyMap<string, number>>;
};

/** Creating and deleting tables and leases. */
export type LeaseMaker = {
  /** Creates the table if it does not exist; resolves when it is active. */
  make(table: string): Promise<void>;
  /** Deletes the table and KCL's companion tables; it is no error if they do not exist. */
  drop(table: string): Promise<void>;
  /** Adds leases, many in one call; existing leases with the same keys stay as they are. */
  add(table: string, leases: readonly NewLease[]): Promise<void>;
  /**
   * Renames a lease to its key in a table for several streams; everything else stays. `conflict` if
   * it changed, or the key exists.
   */
  rename(table: string, lease: Lease, renamed: RenamedLease): Promise<void>;
  /** Deletes a lease; `conflict` if it changed. */
  remove(table: string, lease: Lease): Promise<void>;
};

/** Changing checkpoints. */
export type LeaseCheckpoints = {
  /**
   * Changes several in one call, which costs twice as much on Amazon DynamoDB. Returns which were
   * changed: not those whose condition did not hold, or without a lease.
   */
  setCheckpoints(table: string, changes: readonly CheckpointChange[]): Promise<readonly boolean[]>;
  /** Stores the seen state of a lease; `conflict` if the lease has changed meanwhile. */
  note(table: string, lease: Lease, seen: Seen, stream: StreamOrigin): Promise<void>;
};

/** Changing owners. */
export type LeaseOwnership = {
  /**
   * Makes `owner` the owner of leases, many in one call; returns those that it owns now. Leases
   * that were renewed or changed since they were read are not taken.
   */
  take(table: string, leases: readonly Lease[], owner: string): Promise<readonly Lease[]>;
  /**
   * Makes `owner` the owner of a lease once its present owner, a KCL 3 worker, has made its last
   * checkpoint; `conflict` if it has another owner by now.
   */
  handOver(table: string, lease: Lease, owner: string): Promise<void>;
  /**
   * Renews the owner's leases; returns those that it still owns. `together`: many in one call,
   * which is faster if calls are slow, and costs twice as much on Amazon DynamoDB.
   */
  renew(
    table: string,
    leases: readonly Lease[],
    owner: string,
    together: boolean,
  ): Promise<readonly Lease[]>;
  /**
   * Releases the lease: it has no owner now, or the one to which it was handed over; `conflict` as
   * in renew.
   */
  release(table: string, lease: Lease, owner: string): Promise<void>;
};

/**
 * Lease tables in KCL's layout; unknown rows and attributes stay as they are. Errors: `conflict` (a
 * condition did not hold), `in-use` (a table of that name is not a lease table), `unavailable` (the
 * outcome of a change is then unknown).
 */
export type LeaseTables = LeaseReader & LeaseMaker & LeaseCheckpoints & LeaseOwnership;
