/**
 * DeleteResourcePolicy:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteResourcePolicy.html
 */
import { defineAction } from '../action.ts';
import { KinesisError } from '../errors.ts';
import { changeResource } from '../resources/resource-address.ts';
import { structure } from '../../protocol/shape.ts';
import { resourceAddress } from '../shapes.ts';
import { theResource } from '../resources/touched.ts';

export const deleteResourcePolicy = defineAction({
  name: 'DeleteResourcePolicy',
  input: structure(resourceAddress),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  rate: { perSecond: 5, per: 'account' },
  touches: theResource,
  async handle({ ResourceARN: arn }, context) {
    await changeResource(arn, context, (content) => {
      if (content.policy === undefined) {
        throw new KinesisError(
          'ResourceNotFoundException',
          `No resource policy found for resource ARN ${arn}.`,
        );
      }
      return { tags: content.tags };
    });
  },
});
