/**
 * UpdateShardCount:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
 *
 * Shards that cross a border of the wanted even ranges are split at it, then neighbours within a
 * range are merged, in rounds; intermediate shards may be short-lived. The stream is UPDATING until
 * the last round is over.
 */
import { uniformRound } from '../../../domain/streams/reshard.ts';
import { openShardCount } from '../../../domain/streams/stream-rules.ts';
import { withShardCountChange } from '../../../domain/streams/stream-settings.ts';
import type { Stream } from '../../../domain/streams/stream.ts';
import { assertMoreShards, shardsPerStreamMax } from '../limits/account-limits.ts';
import { defineAction } from '../action.ts';
import { invalidArgument, KinesisError } from '../errors.ts';
import { assertReshardable } from '../resources/resharding.ts';
import { integer, required, string, structure } from '../../protocol/shape.ts';
import { streamAddress, streamArn, streamName } from '../shapes.ts';
import {
  findStream,
  namingTheStream,
  streamArnOf,
  streamNameIn,
} from '../resources/stream-address.ts';
import { theStream } from '../resources/touched.ts';

export const updateShardCount = defineAction({
  name: 'UpdateShardCount',
  input: structure({
    TargetShardCount: required(integer({ min: 1 })),
    ScalingType: required(string({ values: ['UNIFORM_SCALING'] })),
    ...streamAddress,
  }),
  output: structure({
    StreamName: streamName,
    CurrentShardCount: integer(),
    TargetShardCount: integer(),
    StreamARN: streamArn,
  }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  deviations: ['Shards of topics that were not made by CreateStream are not changed.'],
  rate: { perSecond: 10, per: 'account' },
  touches: theStream,
  async handle({ TargetShardCount: target, ...address }, context) {
    let current = 0;
    const plan = (stream: Stream) => {
      assertReshardable(stream, context);
      current = openShardCount(stream);
      assertTarget(target, current);
      return { round: uniformRound(stream, target), target };
    };
    const remember = (stream: Stream) => withShardCountChange(stream, context.clock.nowMs());
    const name = streamNameIn(address, context);
    plan(await findStream(address, context, 'fresh'));
    if (target > current) await assertMoreShards(target - current, context);
    await namingTheStream(name, context, async () => {
      if (context.limits?.calls !== undefined) await context.streams.change(name, remember);
      await context.reshardings.begin(name, plan);
    });
    return {
      StreamName: name,
      CurrentShardCount: current,
      TargetShardCount: target,
      StreamARN: streamArnOf(name, context),
    };
  },
});

/** Errors: InvalidArgumentException, LimitExceededException. */
function assertTarget(target: number, current: number): void {
  const counts = `Current open shard count: ${current} Target shard count: ${target}`;
  if (target > 2 * current) {
    throw invalidArgument(
      `UpdateShardCount cannot scale up over double your current open shard count. ${counts}`,
    );
  }
  // AWS allows 3 shards to become 1.
  if (target < Math.floor(current / 2)) {
    throw invalidArgument(
      `UpdateShardCount cannot scale down below half your current open shard count. ${counts}`,
    );
  }
  if (target > shardsPerStreamMax) {
    throw new KinesisError(
      'LimitExceededException',
      `UpdateShardCount cannot scale a stream to more than ${shardsPerStreamMax} shards.`,
    );
  }
}
