/**
 * DeleteResourcePolicy:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteResourcePolicy.html
 */
import { withPolicy } from '../../../domain/streams/stream-settings.ts';
import { defineAction } from '../../protocol/action.ts';
import { KinesisError } from '../../protocol/errors.ts';
import { changeResource } from '../resources/resource-address.ts';
import { structure } from '../../protocol/shape.ts';
import { resourceAddress } from '../shapes.ts';
import { assertStatus } from '../resources/stream-view.ts';

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
  async handle({ ResourceARN: arn }, context) {
    await changeResource(arn, context, ({ stream, consumer }) => {
      assertStatus(stream, context, ['ACTIVE', 'UPDATING']);
      const former = consumer === undefined ? stream.settings?.policy : consumer.policy;
      if (former === undefined) {
        throw new KinesisError(
          'ResourceNotFoundException',
          `No resource policy found for resource ARN ${arn}.`,
        );
      }
      return withPolicy(stream, consumer?.name, undefined);
    });
  },
});
