/**
 * `kineska/partitioners`: places a Kafka producer's records on the shards where Kinesis would place
 * their keys. For kafkajs:
 *
 *     import { md5RangePartitioner } from 'kineska/partitioners';
 *     kafka.producer({ createPartitioner: md5RangePartitioner() });
 *
 * Source: "PutRecord", Amazon Kinesis Data Streams API reference: the MD5 of the partition key, as
 * an unsigned 128-bit number, is in the hash key range of one shard.
 */
import { randomBytes } from 'node:crypto';
import { evenRangeOf, hashKeyOf } from './domain/streams/hash-key.ts';

/** The arguments that kafkajs passes to a partitioner; keys and values may be text or bytes. */
export type PartitionerArguments = {
  readonly topic: string;
  readonly partitionMetadata: readonly { readonly partitionId: number }[];
  readonly message: {
    readonly key?: Uint8Array | string | null | undefined;
    /** A partition that the caller has chosen is kept. */
    readonly partition?: number | undefined;
  };
};

export type Md5RangeOptions = {
  /**
   * The number of shards with which a stream was created, by topic; defaults to the topic's
   * partitions. Required for streams that were resharded: partitions are only added, and a record
   * for a closed one is placed on the open shard that took over its keys.
   */
  readonly shardCount?: (topic: string) => number | undefined;
};

/** A partitioner for kafkajs that chooses the same shard as PutRecord for the key. */
export function md5RangePartitioner(
  options: Md5RangeOptions = {},
): () => (given: PartitionerArguments) => number {
  return () =>
    ({ topic, partitionMetadata, message }) => {
      if (message.partition !== undefined) return message.partition;
      const count = options.shardCount?.(topic) ?? partitionMetadata.length;
      // Records without a key have no order to keep, so they are distributed.
      return md5RangePartition(message.key ?? randomBytes(16), count);
    };
}

/**
 * The partition of a key on a stream of even ranges: floor(2^128 / shardCount) hash keys each, and
 * the last range takes the remainder.
 */
export function md5RangePartition(key: Uint8Array | string, shardCount: number): number {
  return evenRangeOf(hashKeyOf(key), shardCount);
}
