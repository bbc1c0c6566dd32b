/** Reports on consumer groups, on both sides of the gateway. */

/** The side of the gateway that an owner is on. */
export type OwnerSide = 'kcl' | 'kafka';

export type ShardReport = {
  readonly stream: string;
  readonly shardId: string;
  readonly partition: number;
  /** The owner of the shard: a KCL worker, or a member of the Kafka group. */
  readonly owner: string | null;
  readonly side: OwnerSide | null;
  /** The checkpoint in the lease table; null if there is no lease. */
  readonly checkpoint: string | null;
  /** The next record to read; null if nothing was committed. */
  readonly offset: number | null;
  /** One past the last record that can be read. */
  readonly endOffset: number;
  readonly lagRecords: number | null;
  /** The age of the next record to read; 0 if there is none. */
  readonly lagMs: number | null;
};

export type GroupReport = {
  readonly group: string;
  /** The name of the lease table; null if there is none. */
  readonly table: string | null;
  readonly shards: readonly ShardReport[];
};

export type GroupSummary = {
  readonly group: string;
  readonly table: string | null;
  readonly streams: readonly string[];
  readonly shards: number;
  /** The number of shards owned by KCL workers and by members of the Kafka group. */
  readonly ownedByKcl: number;
  readonly ownedByKafka: number;
  readonly lagRecords: number;
  /** The largest value of all shards. */
  readonly lagMs: number;
  /** Why the report is incomplete; absent if nothing is wrong. */
  readonly problem?: string;
};

/** Current reports; a report changes nothing about the group. */
export type GroupReporting = {
  /**
   * At most `groupsMax` groups; one that cannot be read has an error instead. Errors:
   * `unavailable`.
   */
  list(groupsMax: number): Promise<readonly GroupSummary[]>;
  /** Undefined if there is no such group. Errors: `unavailable`. */
  show(groupId: string): Promise<GroupReport | undefined>;
};
