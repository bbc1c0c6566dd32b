/**
 * SplitShard: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html
 *
 * Responds once the stream is UPDATING; the shard accepts records until its children do.
 */
import { parseHashKey } from '../../../domain/streams/hash-key.ts';
import { splitOf } from '../../../domain/streams/reshard.ts';
import {
  shardIdOf,
  type HashKey,
  type Shard,
  type Stream,
} from '../../../domain/streams/stream.ts';
import { assertMoreShards } from '../limits/account-limits.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { assertReshardable, assertOpen, shardAt } from '../resources/resharding.ts';
import { required, structure } from '../../protocol/shape.ts';
import { hashKey, shardId, streamAddress } from '../shapes.ts';
import { findStream, namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { shardIndexIn } from '../resources/shard-address.ts';
import { theStream } from '../resources/touched.ts';

export const splitShard = defineAction({
  name: 'SplitShard',
  input: structure({
    ShardToSplit: required(shardId),
    NewStartingHashKey: required(hashKey),
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
  deviations: ['Shards of topics that were not made by CreateStream are not split.'],
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  async handle({ ShardToSplit, NewStartingHashKey, ...address }, context) {
    const name = streamNameIn(address, context);
    // An id without a number is refused even if there is no such stream.
    const index = shardIndexIn(ShardToSplit, name, context.account);
    const plan = (stream: Stream) => {
      assertReshardable(stream, context);
      const shard = shardAt(index, stream, context);
      assertOpen(shard, stream, context);
      return { round: splitOf(shard, hashKeyInside(NewStartingHashKey, shard, stream, context)) };
    };
    plan(await findStream(address, context, 'fresh'));
    await assertMoreShards(1, context);
    await namingTheStream(name, context, () => context.reshardings.begin(name, plan));
  },
});

/** Errors: InvalidArgumentException if either child would have no hash keys, or only one. */
function hashKeyInside(
  text: string,
  { index, startingHashKey, endingHashKey }: Shard,
  { name }: Stream,
  { account }: KinesisContext,
): HashKey {
  const at = parseHashKey(text);
  if (at !== undefined && at > startingHashKey + 1n && at < endingHashKey) return at;
  throw invalidArgument(
    `NewStartingHashKey ${text} used in SplitShard() on shard ${shardIdOf(index)} in stream ` +
      `${name} under account ${account} is not both greater than one plus the shard's ` +
      `StartingHashKey ${startingHashKey} and less than the shard's ` +
      `EndingHashKey ${endingHashKey}.`,
  );
}
