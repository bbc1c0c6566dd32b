/**
 * IncreaseStreamRetentionPeriod:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html
 */
import { defineAction } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { assertRetentionRange } from '../resources/retention.ts';
import { required, structure } from '../../protocol/shape.ts';
import { retentionHours, streamAddress } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { theStream } from '../resources/touched.ts';

export const increaseStreamRetentionPeriod = defineAction({
  name: 'IncreaseStreamRetentionPeriod',
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
        if (stream.retentionHours > hours) {
          throw invalidArgument(
            `Requested retention period (${hours} hours) for stream ${name} can not be shorter ` +
              `than existing retention period (${stream.retentionHours} hours). ` +
              'Use DecreaseRetentionPeriod API.',
          );
        }
        return { ...stream, retentionHours: hours };
      });
    await namingTheStream(name, context, change);
  },
});
