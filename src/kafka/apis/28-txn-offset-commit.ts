/**
 * TxnOffsetCommit: Offsets in a transaction. Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  txnOffsetCommitRequest as request,
  txnOffsetCommitResponse as response,
} from '../../wire/messages/28-txn-offset-commit.ts';
import { defineApi } from '../api.ts';

export const txnOffsetCommit = defineApi({ request, response });
