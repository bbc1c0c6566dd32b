/**
 * TxnOffsetCommit: offsets in a transaction. Relayed; accepted offsets are recorded, because lease
 * tables get them when the transaction is committed. Offsets of a member that lost one of the
 * partitions to a KCL worker are refused, so that the transaction aborts. Source: the Kafka
 * protocol guide; KIP-98, KIP-447; KIP-1319 for topic ids.
 */
import {
  txnOffsetCommitRequest as request,
  txnOffsetCommitResponse as response,
} from '../../wire/messages/28-txn-offset-commit.ts';
import type { Decoded } from '../../wire/message.ts';
import type { GroupOffsets } from '../../groups/group-offsets.ts';
import { onGroup, onTopics, onTransactionalId } from '../access.ts';
import { defineApi } from '../api.ts';
import { errorCodes } from '../../wire/errors.ts';

const topicIdsSince = 6;

type Request = Decoded<(typeof request)['fields']>;
/** The name of a topic, whichever way the version names it. */
type NameOf = (topic: { readonly name: string; readonly topicId: string }) => string | undefined;

export const txnOffsetCommit = defineApi({
  request,
  response,
  deviations: [
    'ILLEGAL_GENERATION or STALE_MEMBER_EPOCH also for partitions whose leases KCL workers have ' +
      'taken.',
  ],
  touches: ({ transactionalId, groupId, topics }, call) => [
    onTransactionalId('Write', transactionalId),
    onGroup('Read', groupId),
    ...onTopics('Read', topics, call),
  ],
  async onRequest(asked, { groups, version }) {
    const { groupId, memberId, topics } = asked;
    if (!groups.hasTable(groupId)) return 'relay';
    const nameOf = await namesIn(asked, groups, version);
    const isLost = topics.some((each) => {
      const topic = nameOf(each);
      if (topic === undefined) return false;
      return each.partitions.some(({ partitionIndex }) =>
        groups.keepers.hasLost(groupId, memberId, { topic, partition: partitionIndex }),
      );
    });
    if (!isLost) return { relay: asked, note: { asked, nameOf } };
    const errorCode = lostCode(asked, groups, version);
    const refused = topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    }));
    return { answer: { topics: refused } };
  },
  onResponse(answer, { transactions }, note) {
    if (note === undefined) return undefined;
    const { asked, nameOf } = note;
    const accepted = answer.topics.flatMap((each) => {
      const topic = nameOf(each);
      if (topic === undefined) return [];
      return each.partitions
        .filter(({ errorCode }) => errorCode === errorCodes.NONE)
        .map(({ partitionIndex }) => ({ topic, partition: partitionIndex }));
    });
    transactions.add(asked.transactionalId, asked.groupId, accepted);
    return undefined;
  },
});

async function namesIn(asked: Request, groups: GroupOffsets, version: number): Promise<NameOf> {
  if (version < topicIdsSince) return ({ name }) => name;
  const names = await groups.topicNames(asked.topics.map(({ topicId }) => topicId));
  return ({ topicId }) => names.get(topicId);
}

/** Members of the consumer protocol have epochs, for which older versions have no error. */
function lostCode({ groupId, memberId }: Request, { keepers }: GroupOffsets, version: number) {
  const isOld = version < topicIdsSince || keepers.isClassic(groupId, memberId);
  return isOld ? errorCodes.ILLEGAL_GENERATION : errorCodes.STALE_MEMBER_EPOCH;
}
