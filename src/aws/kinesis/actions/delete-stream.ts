/**
 * DeleteStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html
 * Responds once stream and log are gone.
 */
import type { Stream } from '../../../domain/streams/stream.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { KinesisError } from '../errors.ts';
import { boolean, structure } from '../../protocol/shape.ts';
import { streamAddress } from '../shapes.ts';
import { namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { theStream } from '../resources/touched.ts';

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
  rate: { perSecond: 5, per: 'account' },
  touches: theStream,
  async handle(request, context) {
    const name = streamNameIn(request, context);
    const { streams } = context;
    await namingTheStream(name, context, async () => {
      // Marked as DELETING on the condition that no consumer was registered meanwhile.
      if (request.EnforceConsumerDeletion !== true) {
        await streams.change(name, (stream) => unlessConsumed(stream, context));
      }
      await streams.delete(name);
    });
  },
});

/** Errors: ResourceInUseException. */
function unlessConsumed(stream: Stream, { account }: KinesisContext): Stream {
  if (stream.status === 'CREATING' || stream.status === 'DELETING') return stream;
  if (stream.consumers.length === 0) return { ...stream, status: 'DELETING' };
  const { name } = stream;
  throw new KinesisError(
    'ResourceInUseException',
    `DeleteStream can\u2019t delete ${account}:${name} because there are consumers associated ` +
      `with this data stream. To delete ${name} anyway, set the EnforceConsumerDeletion ` +
      'parameter to true to force the deletion of all the consumers that are associated with it.',
  );
}
