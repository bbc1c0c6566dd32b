/**
 * DeleteQueue: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteQueue.html
 */
import { defineAction } from '../action.ts';
import { changingQueuesMaxOf } from '../limits/account-limits.ts';
import { structure } from '../../protocol/shape.ts';
import { namingTheQueue, queueIdIn } from '../resources/queue-address.ts';
import { queueAddress } from '../resources/queue-shapes.ts';
import { theQueue } from '../resources/touched.ts';

export const deleteQueue = defineAction({
  name: 'DeleteQueue',
  input: structure(queueAddress),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  deviations: ['The queue stays DELETING while share consumers of Kafka are members of its group.'],
  touches: theQueue,
  async handle({ QueueARN: arn }, context) {
    const id = queueIdIn(arn, context);
    await namingTheQueue(id, context, () =>
      context.queueLifecycle.delete(id, changingQueuesMaxOf(context)),
    );
  },
});
