/** The tag by which a stream’s owner says whether Kafka clients choose the shard of a record. */
import type { Stream } from './stream.ts';

export const placementTag = 'kineska.placement';

export const placementNames = ['client', 'enforce'] as const;
export type Placement = (typeof placementNames)[number];

export function isPlacement(text: string): text is Placement {
  return placementNames.some((name) => name === text);
}

/** `client`, unless the tag says that every record goes where its key belongs. */
export function placementOf({ tags }: Pick<Stream, 'tags'>): Placement {
  const tagged = tags[placementTag];
  return tagged !== undefined && isPlacement(tagged) ? tagged : 'client';
}
