/**
 * UpdateQueue: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateQueue.html
 */
import { updating } from '../../../domain/queues/queue-changes.ts';
import { defineAction } from '../action.ts';
import { required, structure } from '../../protocol/shape.ts';
import {
  assertQueueStatus,
  namingTheQueue,
  queueIdIn,
  viewQueue,
} from '../resources/queue-address.ts';
import { attributesIn } from '../resources/queue-attributes.ts';
import { queueAddress, queueAttributes, queueOutput } from '../resources/queue-shapes.ts';
import { theQueue } from '../resources/touched.ts';

export const updateQueue = defineAction({
  name: 'UpdateQueue',
  input: structure({ ...queueAddress, QueueAttributes: required(queueAttributes) }),
  output: queueOutput,
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  touches: theQueue,
  async handle({ QueueARN: arn, QueueAttributes: given }, context) {
    const id = queueIdIn(arn, context);
    const changes = attributesIn(given);
    const queue = await namingTheQueue(id, context, () =>
      context.queueLifecycle.update(id, (now) => {
        assertQueueStatus(now, context);
        return updating(now, changes);
      }),
    );
    return { QueueDescription: viewQueue(queue, context) };
  },
});
