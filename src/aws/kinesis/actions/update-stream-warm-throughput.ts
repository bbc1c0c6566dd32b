/**
 * UpdateStreamWarmThroughput:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamWarmThroughput.html
 */
import { settingsUpdateMs, withWarmThroughput } from '../../../domain/streams/stream-settings.ts';
import type { Stream } from '../../../domain/streams/stream.ts';
import { defineAction } from '../action.ts';
import { required, structure } from '../../protocol/shape.ts';
import { naturalInteger, streamAddress, streamArn, streamName, warmThroughput } from '../shapes.ts';
import { findStream, namingTheStream, streamArnOf } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { assertWarmThroughput, viewWarmThroughput } from '../resources/warm-throughput.ts';
import { theStream } from '../resources/touched.ts';

export const updateStreamWarmThroughput = defineAction({
  name: 'UpdateStreamWarmThroughput',
  input: structure({ ...streamAddress, WarmThroughputMiBps: required(naturalInteger) }),
  output: structure({
    StreamARN: streamArn,
    StreamName: streamName,
    WarmThroughput: warmThroughput,
  }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  deviations: [
    'Shards for a greater warm throughput are added in the minutes after it; none with ' +
      '`KINESKA_LIMITS=off`. CurrentMiBps is what the open ones take.',
  ],
  rate: { perSecond: 5, per: 'account' },
  touches: theStream,
  async handle(request, context) {
    const { name, mode } = await findStream(request, context, 'fresh');
    const { WarmThroughputMiBps: miBps } = request;
    await assertWarmThroughput(miBps, mode, context);
    const change = (stream: Stream): Stream => {
      assertStatus(stream, context);
      const updatingUntilMs = context.clock.nowMs() + settingsUpdateMs;
      return { ...withWarmThroughput(stream, miBps), updatingUntilMs };
    };
    const changed = await namingTheStream(name, context, () =>
      context.streams.change(name, change),
    );
    return {
      StreamARN: streamArnOf(name, context),
      StreamName: name,
      WarmThroughput: viewWarmThroughput(changed) ?? { TargetMiBps: miBps, CurrentMiBps: 0 },
    };
  },
});
