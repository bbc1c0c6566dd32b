/**
 * UpdateMaxRecordSize:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html The topic's
 * max.message.bytes follows, so both doors accept the same records.
 */
import { settingsUpdateMs } from '../../../domain/streams/stream-settings.ts';
import type { Stream } from '../../../domain/streams/stream.ts';
import { defineAction } from '../action.ts';
import { required, structure } from '../../protocol/shape.ts';
import { recordKiBMax, streamAddress } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { theStream } from '../resources/touched.ts';

export const updateMaxRecordSize = defineAction({
  name: 'UpdateMaxRecordSize',
  input: structure({
    StreamARN: streamAddress.StreamARN,
    StreamId: streamAddress.StreamId,
    MaxRecordSizeInKiB: required(recordKiBMax),
  }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  touches: theStream,
  async handle(request, context) {
    const name = streamNameIn(request, context);
    const { MaxRecordSizeInKiB: kiB } = request;
    const change = (stream: Stream): Stream => {
      assertStatus(stream, context);
      if (stream.recordKiBMax === kiB) return stream;
      const updatingUntilMs = context.clock.nowMs() + settingsUpdateMs;
      return { ...stream, recordKiBMax: kiB, updatingUntilMs };
    };
    await namingTheStream(name, context, () => context.streams.change(name, change));
  },
});
