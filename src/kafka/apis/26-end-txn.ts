/**
 * EndTxn: commits or aborts a transaction. Source: the Kafka protocol guide; KIP-98, KIP-890.
 *
 * The offsets of a committed transaction are in the lease tables before the client gets the
 * response; those of an aborted one never are.
 */
import {
  endTxnRequest as request,
  endTxnResponse as response,
} from '../../wire/messages/26-end-txn.ts';
import { onTransactionalId } from '../access.ts';
import { defineApi } from '../api.ts';
import { tableNotReady } from '../errors.ts';
import { errorCodes } from '../../wire/errors.ts';

export const endTxn = defineApi({
  request,
  response,
  deviations: [
    'Answered when lease tables have the offsets of the transaction; ' +
      'COORDINATOR_LOAD_IN_PROGRESS where they cannot.',
  ],
  touches: ({ transactionalId }) => onTransactionalId('Write', transactionalId),
  onRequest(asked, { transactions }) {
    if (transactions.of(asked.transactionalId).length === 0) return 'relay';
    return { relay: asked, note: asked };
  },
  async onResponse(answer, { groups, transactions, logger }, note) {
    if (note === undefined || answer.errorCode !== errorCodes.NONE) return undefined;
    const { transactionalId, committed } = note;
    try {
      if (committed) {
        const held = transactions.of(transactionalId);
        await Promise.all(
          held.map(({ groupId, partitions }) => groups.settle(groupId, partitions)),
        );
      }
      transactions.ended(transactionalId);
      return undefined;
    } catch (error) {
      logger.warn({ transactionalId, error }, 'offsets of a transaction are not in their table');
      return { ...answer, errorCode: tableNotReady };
    }
  },
});
