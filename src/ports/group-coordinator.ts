import type { Offset } from '../domain/streams/stream.ts';

export type CommittedOffset = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
};

export type CommittedOffsets = {
  readonly offsets: readonly CommittedOffset[];
  /** What a transaction holds that has not ended, or is still being written out. */
  readonly pending: readonly Pick<CommittedOffset, 'topic' | 'partition'>[];
};

export type GroupMember = {
  readonly memberId: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly partitions: readonly Pick<CommittedOffset, 'topic' | 'partition'>[];
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
  settled(
    groupId: string,
    partitions: readonly Pick<CommittedOffset, 'topic' | 'partition'>[],
  ): Promise<CommittedOffsets>;
};
