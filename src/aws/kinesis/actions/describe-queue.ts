/**
 * DescribeQueue: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeQueue.html
 */
import { defineAction } from '../action.ts';
import { structure } from '../../protocol/shape.ts';
import { findQueue, viewQueue } from '../resources/queue-address.ts';
import { queueAddress, queueOutput } from '../resources/queue-shapes.ts';
import { theQueue } from '../resources/touched.ts';

export const describeQueue = defineAction({
  name: 'DescribeQueue',
  input: structure(queueAddress),
  output: queueOutput,
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  touches: theQueue,
  async handle(request, context) {
    return { QueueDescription: viewQueue(await findQueue(request, context, 'fresh'), context) };
  },
});
