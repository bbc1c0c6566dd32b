/**
 * AcknowledgeQueueRecords:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AcknowledgeQueueRecords.html
 */
import { defineAction } from '../action.ts';
import { entryMembers, resultMembers, settleEntries } from '../records/receipt-entries.ts';
import { findQueue } from '../resources/queue-address.ts';
import { theQueue } from '../resources/touched.ts';
import { structure } from '../../protocol/shape.ts';

const name = 'AcknowledgeQueueRecords';

export const acknowledgeQueueRecords = defineAction({
  name,
  input: structure(entryMembers(name)),
  output: structure(resultMembers(name)),
  errors: ['InvalidArgumentException', 'ResourceNotFoundException', 'ThrottlingException'],
  touches: theQueue,
  async handle(request, context) {
    const queue = await findQueue(request, context);
    const results = await settleEntries(
      queue.id,
      request.Entries,
      'records',
      context,
      async (found) => {
        const receipts = found.map(({ receipt }) => receipt);
        const outcomes = await context.consumption.acknowledge(queue, receipts);
        const done = receipts.filter((_receipt, index) => outcomes[index] === 'done');
        context.queueObserver.settled(queue, done);
        return outcomes;
      },
    );
    context.queueObserver.acknowledged(queue, results.Successful.length);
    return results;
  },
});
