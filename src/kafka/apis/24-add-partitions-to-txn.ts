/** AddPartitionsToTxn: Transactions. Relayed as it is. Source: the Kafka protocol guide. */
import {
  addPartitionsToTxnRequest as request,
  addPartitionsToTxnResponse as response,
} from '../../wire/messages/24-add-partitions-to-txn.ts';
import { defineApi } from '../api.ts';

export const addPartitionsToTxn = defineApi({ request, response });
