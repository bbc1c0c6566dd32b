/**
 * DeleteStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html
 * Answers when stream and log are gone.
 */
import { defineAction } from '../action.ts';
import { boolean, structure } from '../shape.ts';
import { streamAddress } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../stream-address.ts';

export const deleteStream = defineAction({
  name: 'DeleteStream',
  input: structure({ ...streamAddress, EnforceConsumerDeletion: boolean() }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  async handle(request, context) {
    const name = streamNameIn(request, context);
    await namingTheStream(name, context, () => context.streams.delete(name));
  },
});
