/**
 * ListTagsForStream:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForStream.html
 */
import { defineAction } from '../action.ts';
import { boolean, integer, list, required, structure } from '../../protocol/shape.ts';
import { streamAddress, tag, tagKey } from '../shapes.ts';
import { findStream } from '../resources/stream-address.ts';
import { tagsPerStreamMax } from '../resources/tags.ts';
import { theStream } from '../resources/touched.ts';

export const listTagsForStream = defineAction({
  name: 'ListTagsForStream',
  input: structure({
    Limit: integer({ min: 1, max: tagsPerStreamMax }),
    ExclusiveStartTagKey: tagKey,
    ...streamAddress,
  }),
  output: structure({ Tags: required(list(tag)), HasMoreTags: required(boolean()) }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  async handle({ Limit: limit = tagsPerStreamMax, ...request }, context) {
    const { tags } = await findStream(request, context, 'fresh');
    const after = request.ExclusiveStartTagKey ?? '';
    const keys = Object.keys(tags)
      .filter((key) => key > after)
      .toSorted();
    const page = keys.slice(0, limit);
    return {
      Tags: page.map((Key) => ({ Key, Value: tags[Key] ?? '' })),
      HasMoreTags: page.length < keys.length,
    };
  },
});
