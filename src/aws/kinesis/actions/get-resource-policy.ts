/**
 * GetResourcePolicy:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html
 */
import { defineAction } from '../action.ts';
import { findResource } from '../resources/resource-address.ts';
import { required, structure } from '../../protocol/shape.ts';
import { policy, resourceAddress } from '../shapes.ts';
import { theResource } from '../resources/touched.ts';

/** The response for a resource without a policy. */
const emptyPolicy = '{}';

export const getResourcePolicy = defineAction({
  name: 'GetResourcePolicy',
  input: structure(resourceAddress),
  output: structure({ Policy: required(policy) }),
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
    const { stream, consumer } = await findResource(arn, context);
    const text = consumer === undefined ? stream.settings?.policy : consumer.policy;
    return { Policy: text ?? emptyPolicy };
  },
});
