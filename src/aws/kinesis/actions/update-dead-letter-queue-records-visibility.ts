/**
 * UpdateDeadLetterQueueRecordsVisibility:
 * https://docs.aws.amazon.com/goto/WebAPI/kinesis-2013-12-02/UpdateDeadLetterQueueRecordsVisibility
 */
import { defineAction } from '../action.ts';
import { visibilityMembers, resultMembers, settleEntries } from '../records/receipt-entries.ts';
import { findQueue } from '../resources/queue-address.ts';
import { theQueue } from '../resources/touched.ts';
import { structure } from '../../protocol/shape.ts';

const name = 'UpdateDeadLetterQueueRecordsVisibility';

export const updateDeadLetterVisibility = defineAction({
  name,
  input: structure(visibilityMembers(name)),
  output: structure(resultMembers(name)),
  errors: ['InvalidArgumentException', 'ResourceNotFoundException', 'ThrottlingException'],
  touches: theQueue,
  async handle(request, context) {
    const queue = await findQueue(request, context);
    return settleEntries(queue.id, request.Entries, 'dead letters', context, (found) =>
      context.consumption.changeVisibility(
        queue,
        found.map(({ receipt, entry }) => {
          return { receipt, visibilityMs: entry.VisibilityTimeoutSeconds * 1000 };
        }),
      ),
    );
  },
});
