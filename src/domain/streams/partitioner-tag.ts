/** The tag by which a stream’s owner says where keys go that are put through the Kinesis door. */
import type { Partitioner, Stream } from './stream.ts';

/** Without a colon, which CreateStream and AddTagsToStream refuse in tags. */
export const partitionerTag = 'kineska.partitioner';

export const partitionerNames = ['md5-range', 'murmur2', 'crc32'] as const;

export function isPartitioner(text: string): text is Partitioner {
  return partitionerNames.some((name) => name === text);
}

/** The stream's own, unless a tag names another. */
export function partitionerOf({
  partitioner,
  tags,
}: Pick<Stream, 'partitioner' | 'tags'>): Partitioner {
  const tagged = tags[partitionerTag];
  return tagged !== undefined && isPartitioner(tagged) ? tagged : partitioner;
}
