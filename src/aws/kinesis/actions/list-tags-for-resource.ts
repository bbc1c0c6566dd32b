/**
 * ListTagsForResource:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForResource.html
 */
import { defineAction } from '../action.ts';
import { contentOf, findResource } from '../resources/resource-address.ts';
import { structure } from '../../protocol/shape.ts';
import { resourceAddress, tagList } from '../shapes.ts';
import { theResource } from '../resources/touched.ts';

export const listTagsForResource = defineAction({
  name: 'ListTagsForResource',
  input: structure(resourceAddress),
  output: structure({ Tags: tagList }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  touches: theResource,
  async handle({ ResourceARN: arn }, context) {
    const { tags } = contentOf(await findResource(arn, context));
    const keys = Object.keys(tags).toSorted();
    return { Tags: keys.map((Key) => ({ Key, Value: tags[Key] ?? '' })) };
  },
});
