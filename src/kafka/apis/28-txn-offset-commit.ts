/**
 * TxnOffsetCommit: offsets in a transaction. Relayed; what the coordinator accepts is noted, for
 * lease tables get it when the transaction has committed. Source: the Kafka protocol guide; KIP-98,
 * KIP-447.
 */
import {
  txnOffsetCommitRequest as request,
  txnOffsetCommitResponse as response,
} from '../../wire/messages/28-txn-offset-commit.ts';
import type { Decoded } from '../../wire/message.ts';
import { defineApi } from '../api.ts';

type Request = Decoded<(typeof request)['fields']>;

export const txnOffsetCommit = defineApi({
  request,
  response,
  onRequest(asked, { groups }) {
    if (groups?.hasTable(asked.groupId) !== true) return 'relay';
    return { relay: asked, note: asked };
  },
  onResponse(answer, { transactions }, note) {
    if (note === undefined) return undefined;
    const { transactionalId, groupId } = note as Request;
    const accepted = answer.topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode === 0)
        .map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
    );
    transactions.add(transactionalId, groupId, accepted);
    return undefined;
  },
});
