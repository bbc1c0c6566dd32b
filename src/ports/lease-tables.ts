import type { Checkpoint, Lease, NewLease, Seen, StreamOrigin } from '../domain/leases/leases.ts';

/** A change of a lease's checkpoint. */
export type CheckpointChange = {
  /** Of the lease. */
  readonly key: string;
  readonly checkpoint: Checkpoint;
  readonly seen: Seen;
  readonly stream: StreamOrigin;
  /** Written where the shard is done. */
  readonly childShardIds: readonly string[];
  /**
   * Whoever owns the lease loses it: a worker that goes on by what it remembers would overwrite
   * what an administrator has set.
   */
  readonly evict: boolean;
  /** The change is made only while no KCL worker owns the lease. */
  readonly byMember: boolean;
  /** The change is made only while the lease is as it was read here. */
  readonly unchangedSince?: Lease;
};

export type RenamedLease = {
  readonly key: string;
  readonly streamIdentifier: string;
  readonly shardId: string;
};

/** What lease tables hold. */
export type LeaseReader = {
  /** Names of all tables that are lease tables by their key. */
  list(): Promise<readonly string[]>;
  /** The name that the table has in DynamoDB: another where it clashes with that of one more. */
  nameOf(table: string): Promise<string>;
  /** Every lease, as of now; undefined where there is no table. */
  read(table: string): Promise<readonly Lease[] | undefined>;
  /** Workers of KCL 3 that have reported themselves since then, and when they last did so. */
  workers(table: string, sinceSeconds: number): Promise<ReadonlyMap<string, number>>;
};

/** Which tables and leases there are. */
export type LeaseMaker = {
  /** Makes the table where there is none; resolves when it can be used. */
  make(table: string): Promise<void>;
  /** Deletes the table and what KCL keeps beside it; that nothing is there is no error. */
  drop(table: string): Promise<void>;
  /** Adds leases, many in one call; those whose keys are there already stay as they are. */
  add(table: string, leases: readonly NewLease[]): Promise<void>;
  /**
   * Gives a lease the key and names that it has in a table of several streams; all else stays.
   * `conflict` where it changed, or there is one of that key.
   */
  rename(table: string, lease: Lease, renamed: RenamedLease): Promise<void>;
  /** Takes a lease away; `conflict` where it changed. */
  remove(table: string, lease: Lease): Promise<void>;
};

/** How far a shard is read. */
export type LeaseCheckpoints = {
  /**
   * Several are changed in one call, which on Amazon's DynamoDB costs twice as much. Answers which
   * are: not those whose condition does not hold, or that there is no lease of.
   */
  setCheckpoints(table: string, changes: readonly CheckpointChange[]): Promise<readonly boolean[]>;
  /** Notes what was seen of a lease; `conflict` where it has moved on meanwhile. */
  note(table: string, lease: Lease, seen: Seen, stream: StreamOrigin): Promise<void>;
};

/** Who works on a shard. */
export type LeaseOwnership = {
  /**
   * Makes `owner` the owner of leases, many in one call; answers those that it owns now, which are
   * not those that were renewed or changed since they were read.
   */
  take(table: string, leases: readonly Lease[], owner: string): Promise<readonly Lease[]>;
  /**
   * Makes `owner` the owner of a lease once its present owner, a worker of KCL 3, has made a last
   * checkpoint; `conflict` where it has another owner by now.
   */
  handOver(table: string, lease: Lease, owner: string): Promise<void>;
  /**
   * Shows that the owner lives; answers the leases of these that it owns still. `together`: many in
   * one call, which is quicker where calls are slow, and on Amazon's DynamoDB costs twice as much.
   */
  renew(
    table: string,
    leases: readonly Lease[],
    owner: string,
    together: boolean,
  ): Promise<readonly Lease[]>;
  /** The lease has no owner now, or the one it was handed to; `conflict` as in renew. */
  release(table: string, lease: Lease, owner: string): Promise<void>;
};

/**
 * Lease tables as KCL lays them out; rows and attributes that are not known stay as they are.
 * Errors: `conflict` (a condition did not hold), `in-use` (a table of that name is no lease
 * table), `unavailable` (the outcome of a change is then unknown).
 */
export type LeaseTables = LeaseReader & LeaseMaker & LeaseCheckpoints & LeaseOwnership;
