/**
 * ReceiveQueueRecords:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ReceiveQueueRecords.html
 */
import { defineAction } from '../action.ts';
import {
  receivedMembers,
  receiveMembers,
  viewDeliveries,
  wantedBy,
} from '../records/queue-records.ts';
import { assertQueueActive, findQueue, namingTheQueue } from '../resources/queue-address.ts';
import { theQueue } from '../resources/touched.ts';
import { structure } from '../../protocol/shape.ts';

export const receiveQueueRecords = defineAction({
  name: 'ReceiveQueueRecords',
  input: structure(receiveMembers),
  output: structure(receivedMembers),
  errors: ['InvalidArgumentException', 'ResourceNotFoundException', 'ThrottlingException'],
  touches: theQueue,
  async handle(request, context) {
    const queue = await findQueue(request, context);
    assertQueueActive(queue, context);
    const deliveries = await namingTheQueue(queue.id, context, () =>
      context.consumption.receive(queue, wantedBy(request, queue, context)),
    );
    context.queueObserver.received(
      queue,
      deliveries.map(({ receipt }) => receipt),
    );
    return viewDeliveries(queue, deliveries, context);
  },
});
