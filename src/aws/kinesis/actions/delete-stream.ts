/**
 * DeleteStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html
 * Answers when stream and log are gone.
 */
import type { Stream } from '../../../domain/streams/stream.ts';
import { GatewayError } from '../../../domain/errors.ts';
import { defineAction } from '../../protocol/action.ts';
import { boolean, structure } from '../../protocol/shape.ts';
import { streamAddress } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../resources/stream-address.ts';

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
    const { streams } = context;
    await namingTheStream(name, context, async () => {
      // Marked under the condition that no consumer was registered meanwhile.
      if (request.EnforceConsumerDeletion !== true) await streams.change(name, unlessConsumed);
      await streams.delete(name);
    });
  },
});

/** Errors: `in-use`. */
function unlessConsumed(stream: Stream): Stream {
  if (stream.status === 'CREATING' || stream.status === 'DELETING') return stream;
  if (stream.consumers.length === 0) return { ...stream, status: 'DELETING' };
  throw new GatewayError(
    'in-use',
    `Stream ${stream.name} has registered consumers. ` +
      'Deregister them, or set EnforceConsumerDeletion.',
  );
}
