/**
 * RemoveTagsFromStream:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RemoveTagsFromStream.html
 */
import { defineAction } from '../action.ts';
import { required, structure } from '../../protocol/shape.ts';
import { streamAddress, tagKeys } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { assertTagCharacters, assertTagKeys } from '../resources/tags.ts';
import { theStream } from '../resources/touched.ts';

export const removeTagsFromStream = defineAction({
  name: 'RemoveTagsFromStream',
  input: structure({ TagKeys: required(tagKeys), ...streamAddress }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  async handle({ TagKeys: removed, ...address }, context) {
    const name = streamNameIn(address, context);
    const what = `remove tags from stream ${name} under account ${context.account}`;
    const change = (): Promise<unknown> =>
      context.streams.change(name, (stream) => {
        assertTagKeys(removed);
        assertTagCharacters(removed, what);
        const kept = Object.entries(stream.tags).filter(([key]) => !removed.includes(key));
        return { ...stream, tags: Object.fromEntries(kept) };
      });
    await namingTheStream(name, context, change);
  },
});
