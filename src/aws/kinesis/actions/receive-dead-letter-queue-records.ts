/**
 * ReceiveDeadLetterQueueRecords:
 * https://docs.aws.amazon.com/goto/WebAPI/kinesis-2013-12-02/ReceiveDeadLetterQueueRecords
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

export const receiveDeadLetterQueueRecords = defineAction({
  name: 'ReceiveDeadLetterQueueRecords',
  input: structure(receiveMembers),
  output: structure(receivedMembers),
  errors: ['InvalidArgumentException', 'ResourceNotFoundException', 'ThrottlingException'],
  touches: theQueue,
  async handle(request, context) {
    const queue = await findQueue(request, context);
    assertQueueActive(queue, context);
    const deliveries = await namingTheQueue(queue.id, context, () =>
      context.consumption.receiveDeadLetters(queue, wantedBy(request, queue, context)),
    );
    return viewDeliveries(queue, deliveries, context);
  },
});
