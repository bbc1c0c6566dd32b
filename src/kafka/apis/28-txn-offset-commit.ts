/**
 * TxnOffsetCommit: offsets in a transaction. Relayed; what the coordinator accepts is noted, for
 * lease tables get it when the transaction has committed. Offsets of a member that lost one of the
 * partitions to a KCL worker are refused, so that the transaction aborts. Source: the Kafka
 * protocol guide; KIP-98, KIP-447.
 */
import {
  txnOffsetCommitRequest as request,
  txnOffsetCommitResponse as response,
} from '../../wire/messages/28-txn-offset-commit.ts';
import type { Decoded } from '../../wire/message.ts';
import { defineApi } from '../api.ts';
import { illegalGeneration } from '../groups/group-errors.ts';

type Request = Decoded<(typeof request)['fields']>;

export const txnOffsetCommit = defineApi({
  request,
  response,
  deviations: ['ILLEGAL_GENERATION also for partitions whose leases KCL workers have taken.'],
  onRequest(asked, { groups }) {
    const { groupId, memberId, topics } = asked;
    if (groups?.hasTable(groupId) !== true) return 'relay';
    const isLost = topics.some(({ name, partitions }) =>
      partitions.some(({ partitionIndex }) =>
        groups?.keepers.hasLost(groupId, memberId, { topic: name, partition: partitionIndex }),
      ),
    );
    if (!isLost) return { relay: asked, note: asked };
    const refused = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: illegalGeneration,
      })),
    }));
    return { answer: { topics: refused } };
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
