/**
 * PutResourcePolicy:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html
 */
import {
  parseResourcePolicy,
  printResourcePolicy,
} from '../../../domain/access/resource-policy.ts';
import { defineAction } from '../action.ts';
import { assertConsumerActive } from '../resources/consumer-address.ts';
import { changeResource } from '../resources/resource-address.ts';
import { required, structure } from '../../protocol/shape.ts';
import { policy, resourceAddress } from '../shapes.ts';
import { theResource } from '../resources/touched.ts';

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
  rate: { perSecond: 5, per: 'account' },
  touches: theResource,
  async handle({ ResourceARN: arn, Policy: text }, context) {
    await changeResource(arn, context, (content, found) => {
      if ('stream' in found && found.consumer !== undefined) {
        const { stream, consumer } = found;
        assertConsumerActive({ stream, consumer }, context, 'policy');
      }
      parseResourcePolicy(text, arn, context.actionNames);
      return { ...content, policy: printResourcePolicy(text) };
    });
  },
});
