/**
 * UpdateStreamRecordDistributionStrategy:
 * https://docs.aws.amazon.com/goto/WebAPI/kinesis-2013-12-02/UpdateStreamRecordDistributionStrategy
 *
 * Takes effect at once in this gateway, and within a second in the others: for so long they may use
 * the view of the stream that they have. The stream stays ACTIVE, and it may be UPDATING before.
 */
import { withDistribution } from '../../../domain/streams/stream-settings.ts';
import type { Stream } from '../../../domain/streams/stream.ts';
import { defineAction } from '../action.ts';
import { required, structure } from '../../protocol/shape.ts';
import { assertDistributable } from '../resources/record-distribution.ts';
import { recordDistributionStrategy, streamAddress, streamArn } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { theStream } from '../resources/touched.ts';

export const updateRecordDistributionStrategy = defineAction({
  name: 'UpdateStreamRecordDistributionStrategy',
  input: structure({
    StreamARN: required(streamArn),
    StreamId: streamAddress.StreamId,
    RecordDistributionStrategy: required(recordDistributionStrategy),
  }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  deviations: ['On a provisioned stream USER_PARTITION_KEY is refused like AUTO.'],
  touches: theStream,
  async handle(request, context) {
    const name = streamNameIn(request, context);
    const change = (stream: Stream): Stream => {
      assertDistributable(name, stream.mode, context.account);
      assertStatus(stream, context, ['ACTIVE', 'UPDATING']);
      return withDistribution(stream, request.RecordDistributionStrategy);
    };
    await namingTheStream(name, context, () => context.streams.change(name, change));
  },
});
