/** AddOffsetsToTxn: Transactions. Relayed as it is. Source: the Kafka protocol guide. */
import {
  addOffsetsToTxnRequest as request,
  addOffsetsToTxnResponse as response,
} from '../../wire/messages/25-add-offsets-to-txn.ts';
import { onGroup, onTransactionalId } from '../access.ts';
import { defineApi } from '../api.ts';

export const addOffsetsToTxn = defineApi({
  request,
  response,
  touches: ({ transactionalId, groupId }) => [
    onTransactionalId('Write', transactionalId),
    onGroup('Read', groupId),
  ],
});
