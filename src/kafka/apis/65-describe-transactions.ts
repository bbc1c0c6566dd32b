/** DescribeTransactions: Transactions. Relayed as it is. Source: the Kafka protocol guide. */
import {
  describeTransactionsRequest as request,
  describeTransactionsResponse as response,
} from '../../wire/messages/65-describe-transactions.ts';
import { defineApi } from '../api.ts';

export const describeTransactions = defineApi({ request, response });
