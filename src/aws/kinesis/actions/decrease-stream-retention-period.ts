/**
 * DecreaseStreamRetentionPeriod:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DecreaseStreamRetentionPeriod.html
 */
import { defineAction } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { assertRetentionRange } from '../resources/retention.ts';
import { required, structure } from '../../protocol/shape.ts';
import { retentionHours, streamAddress } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { theStream } from '../resources/touched.ts';

export const decreaseStreamRetentionPeriod = defineAction({
  name: 'DecreaseStreamRetentionPeriod',
  input: structure({ RetentionPeriodHours: required(retentionHours), ...streamAddress }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  async handle({ RetentionPeriodHours: hours, ...address }, context) {
    const name = streamNameIn(address, context);
    const change = (): Promise<unknown> =>
      context.streams.change(name, (stream) => {
        assertStatus(stream, context);
        assertRetentionRange(hours);
        if (stream.retentionHours < hours) {
          throw invalidArgument(
            `Requested retention period (${hours} hours) for stream ${name} can not be longer ` +
              `than existing retention period (${stream.retentionHours} hours). ` +
              'Use IncreaseRetentionPeriod API.',
          );
        }
        return { ...stream, retentionHours: hours };
      });
    await namingTheStream(name, context, change);
  },
});
