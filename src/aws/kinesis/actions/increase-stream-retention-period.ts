/**
 * IncreaseStreamRetentionPeriod:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html
 */
import { defineAction } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { changeRetention, retentionInput } from '../resources/retention.ts';
import { theStream } from '../resources/touched.ts';

export const increaseStreamRetentionPeriod = defineAction({
  name: 'IncreaseStreamRetentionPeriod',
  input: retentionInput,
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  handle: (request, context) =>
    changeRetention(request, context, ({ name, retentionHours: current }, hours) => {
      if (current <= hours) return;
      throw invalidArgument(
        `Requested retention period (${hours} hours) for stream ${name} can not be shorter ` +
          `than existing retention period (${current} hours). ` +
          'Use DecreaseRetentionPeriod API.',
      );
    }),
});
