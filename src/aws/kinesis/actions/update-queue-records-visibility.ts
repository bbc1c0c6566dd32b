/**
 * UpdateQueueRecordsVisibility:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateQueueRecordsVisibility.html
 */
import { defineAction } from '../action.ts';
import { visibilityMembers, resultMembers, settleEntries } from '../records/receipt-entries.ts';
import { findQueue } from '../resources/queue-address.ts';
import { theQueue } from '../resources/touched.ts';
import { structure } from '../../protocol/shape.ts';

const name = 'UpdateQueueRecordsVisibility';

export const updateQueueRecordsVisibility = defineAction({
  name,
  input: structure(visibilityMembers(name)),
  output: structure(resultMembers(name)),
  errors: ['InvalidArgumentException', 'ResourceNotFoundException', 'ThrottlingException'],
  touches: theQueue,
  async handle(request, context) {
    const queue = await findQueue(request, context);
    return settleEntries(queue.id, request.Entries, 'records', context, async (found) => {
      const changes = found.map(({ receipt, entry }) => {
        return { receipt, visibilityMs: entry.VisibilityTimeoutSeconds * 1000 };
      });
      const outcomes = await context.consumption.changeVisibility(queue, changes);
      const isGivenBack = (index: number) =>
        outcomes[index] === 'done' && changes[index]?.visibilityMs === 0;
      const receipts = changes.map(({ receipt }) => receipt);
      const givenBack = receipts.filter((_receipt, index) => isGivenBack(index));
      context.queueObserver.settled(queue, givenBack);
      return outcomes;
    });
  },
});
