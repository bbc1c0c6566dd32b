/**
 * AddTagsToStream:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AddTagsToStream.html
 */
import { defineAction } from '../action.ts';
import { required, structure } from '../../protocol/shape.ts';
import { streamAddress, tagMap } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import {
  assertPolicyTags,
  assertTagCharacters,
  assertTagCount,
  assertTagKeys,
} from '../resources/tags.ts';
import { theStream } from '../resources/touched.ts';

export const addTagsToStream = defineAction({
  name: 'AddTagsToStream',
  input: structure({ Tags: required(tagMap), ...streamAddress }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 5, per: 'account' },
  touches: theStream,
  async handle({ Tags: added, ...address }, context) {
    const name = streamNameIn(address, context);
    const what = `add tags to stream ${name} under account ${context.account}`;
    const change = (): Promise<unknown> =>
      context.streams.change(name, (stream) => {
        assertTagKeys(Object.keys(added));
        assertTagCharacters([...Object.keys(added), ...Object.values(added)], what);
        const tags = { ...stream.tags, ...added };
        assertTagCount(tags, what, 'stream');
        assertPolicyTags(added);
        return { ...stream, tags };
      });
    await namingTheStream(name, context, change);
  },
});
