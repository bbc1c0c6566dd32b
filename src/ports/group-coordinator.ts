import type { Offset } from '../domain/stream.ts';

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

/** Consumer groups as the cluster keeps them. Errors: `unavailable`. */
export type GroupCoordinator = {
  /** Ids of all consumer groups. */
  list(): Promise<readonly string[]>;
  /**
   * What the group has committed; nothing where there is no such group. Partitions with offsets
   * in a transaction are pending where `stable` is asked for; else their offsets from before it
   * are told.
   */
  committed(groupId: string, options: { readonly stable: boolean }): Promise<CommittedOffsets>;
};
