/**
 * UpdateStreamMode:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamMode.html The stream
 * keeps its shards: an on-demand stream starts with its current shard count.
 */
import { isGatewayError } from '../../../domain/errors.ts';
import { withMode, withWarmThroughput } from '../../../domain/streams/stream-settings.ts';
import type { Stream, StreamMode } from '../../../domain/streams/stream.ts';
import { assertMoreOnDemand } from '../limits/account-limits.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { rateExceeded } from '../errors.ts';
import { required, structure } from '../../protocol/shape.ts';
import { naturalInteger, streamAddress, streamArn, streamModeDetails } from '../shapes.ts';
import { findStream, namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { assertWarmThroughput } from '../resources/warm-throughput.ts';
import { theStream } from '../resources/touched.ts';

export const updateStreamMode = defineAction({
  name: 'UpdateStreamMode',
  input: structure({
    StreamARN: required(streamArn),
    StreamId: streamAddress.StreamId,
    StreamModeDetails: required(streamModeDetails),
    WarmThroughputMiBps: naturalInteger,
  }),
  errors: [
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  deviations: [
    'The mode of a topic that was not created through Kinesis cannot be changed.',
    'Shards for a warm throughput are added in the minutes after.',
  ],
  touches: theStream,
  async handle(request, context) {
    const name = streamNameIn(request, context);
    const { WarmThroughputMiBps: miBps, StreamModeDetails: details } = request;
    const mode = details.StreamMode;
    if (miBps !== undefined) await assertWarmThroughput(miBps, mode, context);
    const { mode: former } = await findStream({ StreamName: name }, context, 'fresh');
    if (mode !== former) await assertMoreOnDemand(mode, context);
    const change = (stream: Stream): Stream => {
      assertStatus(stream, context);
      const changed = inMode(stream, mode, context);
      return miBps === undefined ? changed : withWarmThroughput(changed, miBps);
    };
    await namingTheStream(name, context, () => context.streams.change(name, change));
  },
});

/**
 * Errors: as withMode; AWS reports too many changes in a day with the sentence for an exceeded
 * rate.
 */
function inMode(stream: Stream, mode: StreamMode, { account, clock }: KinesisContext): Stream {
  try {
    return withMode(stream, mode, clock.nowMs());
  } catch (error) {
    if (!isGatewayError(error, 'limit-exceeded')) throw error;
    throw rateExceeded(`stream ${stream.name} under account ${account}`);
  }
}
