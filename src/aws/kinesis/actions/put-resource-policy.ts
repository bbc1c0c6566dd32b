/**
 * PutResourcePolicy:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html
 */
import { parseResourcePolicy } from '../../../domain/access/resource-policy.ts';
import { withPolicy } from '../../../domain/streams/stream-settings.ts';
import { actionNames } from '../action-names.ts';
import { defineAction } from '../../protocol/action.ts';
import { changeResource } from '../resources/resource-address.ts';
import { required, structure } from '../../protocol/shape.ts';
import { policy, resourceAddress } from '../shapes.ts';
import { assertStatus } from '../resources/stream-view.ts';

export const putResourcePolicy = defineAction({
  name: 'PutResourcePolicy',
  input: structure({ ...resourceAddress, Policy: required(policy) }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async handle({ ResourceARN: arn, Policy: text }, context) {
    await changeResource(arn, context, ({ stream, consumer }) => {
      assertStatus(stream, context, ['ACTIVE', 'UPDATING']);
      parseResourcePolicy(text, arn, actionNames);
      return withPolicy(stream, consumer?.name, text);
    });
  },
});
