import type { GroupOffset, GroupPartition } from '../domain/leases/group-offset.ts';

export type CommittedOffsets = {
  readonly offsets: readonly GroupOffset[];
  /** What a transaction holds that has not ended, or is still being written out. */
  readonly pending: readonly GroupPartition[];
};

export type GroupMember = {
  readonly memberId: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly partitions: readonly GroupPartition[];
};

/** Consumer groups as the cluster keeps them. Errors: `unavailable`. */
export type GroupCoordinator = {
  /** Ids of all consumer groups. */
  list(): Promise<readonly string[]>;
  /** Who is in the group, by either of Kafka's group protocols; none where there is no group. */
  members(groupId: string): Promise<readonly GroupMember[]>;
  /** All that the group has committed; nothing where there is no such group. */
  committed(groupId: string): Promise<CommittedOffsets>;
  /** What it has committed of these partitions, as transactions that are under way leave it. */
  settled(groupId: string, partitions: readonly GroupPartition[]): Promise<CommittedOffsets>;
};
