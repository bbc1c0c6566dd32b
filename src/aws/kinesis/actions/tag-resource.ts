/**
 * TagResource: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_TagResource.html
 */
import { defineAction } from '../action.ts';
import { changeResource } from '../resources/resource-address.ts';
import { required, structure } from '../../protocol/shape.ts';
import { resourceAddress, tagMap } from '../shapes.ts';
import {
  assertPolicyTags,
  assertResourceTags,
  assertTagCount,
  assertTagKeys,
} from '../resources/tags.ts';
import { theResource } from '../resources/touched.ts';

export const tagResource = defineAction({
  name: 'TagResource',
  input: structure({ Tags: required(tagMap), ...resourceAddress }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  touches: theResource,
  async handle({ Tags: added, ResourceARN: arn }, context) {
    await changeResource(arn, context, (content) => {
      assertTagKeys(Object.keys(added));
      assertResourceTags(added);
      assertPolicyTags(added);
      const tags = { ...content.tags, ...added };
      const what = `add tags to resource ${arn} under account ${context.account}`;
      assertTagCount(tags, what, 'resource');
      return { ...content, tags };
    });
  },
});
