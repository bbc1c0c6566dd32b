/**
 * The tag by which a stream's owner chooses the partitioner for keys put through the Kinesis door.
 */
import type { Partitioner, Stream } from './stream.ts';

/** Contains no colon, because CreateStream and AddTagsToStream refuse it in tags. */
export const partitionerTag = 'kineska.partitioner';

export const partitionerNames = ['md5-range', 'murmur2', 'crc32'] as const;

export function isPartitioner(text: string): text is Partitioner {
  return partitionerNames.some((name) => name === text);
}

/** The stream's own partitioner, unless a tag names another. */
export function partitionerOf({
  partitioner,
  tags,
}: Pick<Stream, 'partitioner' | 'tags'>): Partitioner {
  const tagged = tags[partitionerTag];
  return tagged !== undefined && isPartitioner(tagged) ? tagged : partitioner;
}
