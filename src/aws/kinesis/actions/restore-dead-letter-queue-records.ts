/**
 * RestoreDeadLetterQueueRecords:
 * https://docs.aws.amazon.com/goto/WebAPI/kinesis-2013-12-02/RestoreDeadLetterQueueRecords
 */
import { defineAction } from '../action.ts';
import { entryMembers, resultMembers, settleEntries } from '../records/receipt-entries.ts';
import { findQueue } from '../resources/queue-address.ts';
import { theQueue } from '../resources/touched.ts';
import { structure } from '../../protocol/shape.ts';

const name = 'RestoreDeadLetterQueueRecords';

export const restoreDeadLetterQueueRecords = defineAction({
  name,
  input: structure(entryMembers(name)),
  output: structure(resultMembers(name)),
  errors: ['InvalidArgumentException', 'ResourceNotFoundException', 'ThrottlingException'],
  touches: theQueue,
  async handle(request, context) {
    const queue = await findQueue(request, context);
    return settleEntries(queue.id, request.Entries, 'dead letters', context, (found) =>
      context.consumption.restore(
        queue,
        found.map(({ receipt }) => receipt),
      ),
    );
  },
});
