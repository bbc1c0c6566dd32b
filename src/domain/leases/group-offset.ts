import type { Offset } from '../streams/stream.ts';

/** What a consumer group reads: a partition of a topic, which is a shard of a stream. */
export type GroupPartition = { readonly topic: string; readonly partition: number };

/** What a group has committed for it. */
export type GroupOffset = GroupPartition & { readonly offset: Offset };

/** A string that is unique to the partition, for use as a key. */
export function placeOf({ topic, partition }: GroupPartition): string {
  return `${topic} ${partition}`;
}
