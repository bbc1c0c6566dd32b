/** EndTxn: Transactions. Relayed as it is. Source: the Kafka protocol guide. */
import {
  endTxnRequest as request,
  endTxnResponse as response,
} from '../../wire/messages/26-end-txn.ts';
import { defineApi } from '../api.ts';

export const endTxn = defineApi({ request, response });
