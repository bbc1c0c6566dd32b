import type { Offset } from '../streams/stream.ts';

/** Where a consumer group reads: a topic's partition, which is a stream's shard. */
export type GroupPartition = { readonly topic: string; readonly partition: number };

/** What a group has committed of it. */
export type GroupOffset = GroupPartition & { readonly offset: Offset };

/** One text for each partition, for use as a key. */
export function placeOf({ topic, partition }: GroupPartition): string {
  return `${topic} ${partition}`;
}
