/**
 * UntagResource: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UntagResource.html
 */
import { defineAction } from '../action.ts';
import { changeResource } from '../resources/resource-address.ts';
import { required, structure } from '../../protocol/shape.ts';
import { resourceAddress, tagKeys } from '../shapes.ts';
import { assertTagKeys } from '../resources/tags.ts';
import { theResource } from '../resources/touched.ts';

export const untagResource = defineAction({
  name: 'UntagResource',
  input: structure({ TagKeys: required(tagKeys), ...resourceAddress }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  touches: theResource,
  async handle({ TagKeys: removed, ResourceARN: arn }, context) {
    await changeResource(arn, context, (content) => {
      assertTagKeys(removed);
      const kept = Object.entries(content.tags).filter(([key]) => !removed.includes(key));
      return { ...content, tags: Object.fromEntries(kept) };
    });
  },
});
