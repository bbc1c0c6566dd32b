/**
 * GetResourcePolicy:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html
 */
import { defineAction } from '../action.ts';
import { contentOf, findResource } from '../resources/resource-address.ts';
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
    const { policy: text } = contentOf(await findResource(arn, context));
    return { Policy: text ?? emptyPolicy };
  },
});
