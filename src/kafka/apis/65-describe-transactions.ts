/** DescribeTransactions: Transactions. Relayed as it is. Source: the Kafka protocol guide. */
import {
  describeTransactionsRequest as request,
  describeTransactionsResponse as response,
} from '../../wire/messages/65-describe-transactions.ts';
import { onTransactionalId } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeTransactions = defineApi({
  request,
  response,
  touches: ({ transactionalIds }) =>
    transactionalIds.map((id) => onTransactionalId('Describe', id)),
});
