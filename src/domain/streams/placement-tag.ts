/** The tag by which a stream's owner decides whether Kafka clients choose a record's shard. */
import type { Stream } from './stream.ts';

export const placementTag = 'kineska.placement';

export const placementNames = ['client', 'enforce'] as const;
export type Placement = (typeof placementNames)[number];

export function isPlacement(text: string): text is Placement {
  return placementNames.some((name) => name === text);
}

/** `client`, unless the tag says that every record goes to the shard of its key. */
export function placementOf({ tags }: Pick<Stream, 'tags'>): Placement {
  const tagged = tags[placementTag];
  return tagged !== undefined && isPlacement(tagged) ? tagged : 'client';
}
