import type { GroupOffset, GroupPartition } from '../domain/leases/group-offset.ts';

export type CommittedOffsets = {
  /** Including negative offsets, which clients may commit. */
  readonly offsets: readonly GroupOffset[];
  /** The offsets of a transaction that is ongoing or still being completed. */
  readonly pending: readonly GroupPartition[];
};

export type GroupMember = {
  readonly memberId: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly partitions: readonly GroupPartition[];
};

/** Consumer groups as the cluster stores them. Errors: `unavailable`. */
export type GroupCoordinator = {
  /** Ids of all consumer groups. */
  list(): Promise<readonly string[]>;
  /** The members of the group, in either of Kafka's group protocols; none if there is no group. */
  members(groupId: string): Promise<readonly GroupMember[]>;
  /** All committed offsets of the group; none if there is no such group. */
  committed(groupId: string): Promise<CommittedOffsets>;
  /**
   * Its committed offsets for these partitions, −1 for partitions without one, and whether
   * transactions are still pending.
   */
  settled(groupId: string, partitions: readonly GroupPartition[]): Promise<CommittedOffsets>;
};
