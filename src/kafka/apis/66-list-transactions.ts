/** ListTransactions: Transactions. Relayed as it is. Source: the Kafka protocol guide. */
import {
  listTransactionsRequest as request,
  listTransactionsResponse as response,
} from '../../wire/messages/66-list-transactions.ts';
import { onAllTransactionalIds } from '../access.ts';
import { defineApi } from '../api.ts';

export const listTransactions = defineApi({
  request,
  response,
  isOfOneBroker: true,
  touches: () => onAllTransactionalIds('Describe'),
});
