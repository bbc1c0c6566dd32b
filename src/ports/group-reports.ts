/** What can be seen of consumer groups, on both sides of the gateway. */

/** Which side of the gateway an owner is on. */
export type OwnerSide = 'kcl' | 'kafka';

export type ShardReport = {
  readonly stream: string;
  readonly shardId: string;
  readonly partition: number;
  /** Who works on the shard: a KCL worker, or a member of the Kafka group. */
  readonly owner: string | null;
  readonly side: OwnerSide | null;
  /** As it stands in the lease table; null where there is no lease. */
  readonly checkpoint: string | null;
  /** The next record to read; null where nothing was committed. */
  readonly offset: number | null;
  /** One past the last record that can be read. */
  readonly endOffset: number;
  readonly lagRecords: number | null;
  /** Age of the next record to read; 0 where there is none. */
  readonly lagMs: number | null;
};

export type GroupReport = {
  readonly group: string;
  /** Name of the lease table; null where there is none. */
  readonly table: string | null;
  readonly shards: readonly ShardReport[];
};

export type GroupSummary = {
  readonly group: string;
  readonly table: string | null;
  readonly streams: readonly string[];
  readonly shards: number;
  /** Shards that KCL workers, and members of the Kafka group, work on. */
  readonly ownedByKcl: number;
  readonly ownedByKafka: number;
  readonly lagRecords: number;
  /** Of the shard that is furthest behind. */
  readonly lagMs: number;
  /** Why no more can be said of the group; absent where nothing is wrong. */
  readonly problem?: string;
};

/** Reports as they are now; to look at a group changes nothing about it. */
export type GroupReporting = {
  /** At most `groupsMax` groups; one that cannot be read says why. Errors: `unavailable`. */
  list(groupsMax: number): Promise<readonly GroupSummary[]>;
  /** Undefined where there is no such group. Errors: `unavailable`. */
  show(groupId: string): Promise<GroupReport | undefined>;
};
