/** The tag by which a stream's owner decides whether Kafka clients choose a record's shard. */
import { distributionOf } from './stream-settings.ts';
import type { Stream } from './stream.ts';

export const placementTag = 'kineska.placement';

export const placementNames = ['client', 'enforce'] as const;
export type Placement = (typeof placementNames)[number];

export function isPlacement(text: string): text is Placement {
  return placementNames.some((name) => name === text);
}

/**
 * `client`, unless the tag says that every record goes to the shard of its key. In a stream that
 * spreads its records no shard belongs to a key, so there is nothing to enforce.
 */
export function placementOf(stream: Pick<Stream, 'tags' | 'settings'>): Placement {
  const { tags } = stream;
  if (distributionOf(stream) === 'AUTO') return 'client';
  const tagged = tags[placementTag];
  return tagged !== undefined && isPlacement(tagged) ? tagged : 'client';
}
