/**
 * DeleteStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html
 * Responds once stream and log are gone.
 */
import { queuesOf } from '../../../domain/queues/stream-queues.ts';
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
      // Marked as DELETING on the condition that no consumer or queue was added meanwhile.
      const isEnforced = request.EnforceConsumerDeletion === true;
      await streams.change(name, (stream) => unlessConsumed(stream, isEnforced, context));
      await streams.delete(name);
    });
  },
});

/** Errors: ResourceInUseException. */
function unlessConsumed(stream: Stream, isEnforced: boolean, { account }: KinesisContext): Stream {
  if (stream.status === 'CREATING' || stream.status === 'DELETING') return stream;
  const { name, consumers } = stream;
  if (queuesOf(stream).length > 0) {
    throw new KinesisError(
      'ResourceInUseException',
      `DeleteStream can\u2019t delete ${account}:${name} because there are queues associated ` +
        'with this data stream. Delete every queue with DeleteQueue first.',
    );
  }
  if (consumers.length === 0 || isEnforced) return { ...stream, status: 'DELETING' };
  throw new KinesisError(
    'ResourceInUseException',
    `DeleteStream can\u2019t delete ${account}:${name} because there are consumers associated ` +
      `with this data stream. To delete ${name} anyway, set the EnforceConsumerDeletion ` +
      'parameter to true to force the deletion of all the consumers that are associated with it.',
  );
}
