/**
 * MergeShards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html
 *
 * Responds once the stream is UPDATING; both shards accept records until their child does.
 */
import { mergeOf } from '../../../domain/streams/reshard.ts';
import { shardIdOf, type Stream } from '../../../domain/streams/stream.ts';
import { defineAction } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { assertReshardable, assertOpen, shardAt } from '../resources/resharding.ts';
import { required, structure } from '../../protocol/shape.ts';
import { shardId, streamAddress } from '../shapes.ts';
import { findStream, namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { shardIndexIn } from '../resources/shard-address.ts';
import { theStream } from '../resources/touched.ts';

export const mergeShards = defineAction({
  name: 'MergeShards',
  input: structure({
    ShardToMerge: required(shardId),
    AdjacentShardToMerge: required(shardId),
    ...streamAddress,
  }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  deviations: ['Shards of topics that were not made by CreateStream are not merged.'],
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  async handle({ ShardToMerge, AdjacentShardToMerge, ...address }, context) {
    const name = streamNameIn(address, context);
    // An id without a number is refused even if there is no such stream.
    const lower = shardIndexIn(ShardToMerge, name, context.account);
    const upper = shardIndexIn(AdjacentShardToMerge, name, context.account);
    const plan = (stream: Stream) => {
      assertReshardable(stream, context);
      const [shard, adjacent] = [shardAt(lower, stream, context), shardAt(upper, stream, context)];
      for (const each of [shard, adjacent]) assertOpen(each, stream, context);
      // AWS requires the lower range first.
      if (shard.endingHashKey + 1n !== adjacent.startingHashKey) {
        throw invalidArgument(
          `Shards ${shardIdOf(shard.index)} and ${shardIdOf(adjacent.index)} in stream ` +
            `${stream.name} under account ${context.account} are not an adjacent pair of shards ` +
            'eligible for merging',
        );
      }
      return { round: mergeOf(shard, adjacent) };
    };
    plan(await findStream(address, context, 'fresh'));
    await namingTheStream(name, context, () => context.reshardings.begin(name, plan));
  },
});
