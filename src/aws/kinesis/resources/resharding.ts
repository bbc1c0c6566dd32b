/** Shared by SplitShard, MergeShards and UpdateShardCount: which shards may be changed. */
import { isOpen, type Shard, shardIdOf, type Stream } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { invalidArgument, KinesisError } from '../errors.ts';
import { assertProvisioned, assertStatus } from './stream-view.ts';

/** Errors: ResourceNotFoundException. */
export function shardAt(index: number, stream: Stream, { account }: KinesisContext): Shard {
  const shard = stream.shards[index];
  if (shard !== undefined) return shard;
  throw new KinesisError(
    'ResourceNotFoundException',
    `Could not find shard ${shardIdOf(index)} in stream ${stream.name} under account ${account}.`,
  );
}

/** Errors: InvalidArgumentException. */
export function assertOpen(shard: Shard, stream: Stream, { account }: KinesisContext): void {
  if (isOpen(shard)) return;
  throw invalidArgument(
    `Shard ${shardIdOf(shard.index)} in stream ${stream.name} under account ${account} has ` +
      'already been merged or split, and thus is not eligible for merging or splitting.',
  );
}

/**
 * A topic that was not created through Kinesis follows Kafka's rules: its partitions stay open, and
 * Kafka clients add more. Errors: InvalidArgumentException.
 */
function assertKinesisRules(stream: Stream): void {
  if (stream.rules === 'kinesis') return;
  throw invalidArgument(
    `Stream ${stream.name} is a Kafka topic that was not made by CreateStream: its shards are ` +
      "its partitions. Add partitions with Kafka's CreatePartitions.",
  );
}

/**
 * Errors: ResourceInUseException; InvalidArgumentException as assertKinesisRules;
 * ValidationException for on-demand streams, which AWS reshards itself.
 */
export function assertReshardable(stream: Stream, context: KinesisContext): void {
  assertStatus(stream, context);
  assertKinesisRules(stream);
  assertProvisioned(stream, context);
}
