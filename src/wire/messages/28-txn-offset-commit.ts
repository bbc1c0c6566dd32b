/** TxnOffsetCommit, API key 28. Source: the Kafka protocol guide. */
import { array, int16, int32, int64, message, string, uuid } from '../message.ts';

export const txnOffsetCommitRequest = message(
  'TxnOffsetCommitRequest',
  { key: 28, versions: [0, 6], flexible: 3 },
  {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationIdOrMemberEpoch: int32({ since: 3, default: -1 }),
    memberId: string({ since: 3 }),
    groupInstanceId: string({ since: 3, nullable: 3, default: null }),
    topics: array({
      name: string({ until: 5 }),
      topicId: uuid({ since: 6 }),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ since: 2, default: -1 }),
        committedMetadata: string({ nullable: 0 }),
      }),
    }),
  },
);

export const txnOffsetCommitResponse = message(
  'TxnOffsetCommitResponse',
  { key: 28, versions: [0, 6], flexible: 3 },
  {
    throttleTimeMs: int32(),
    topics: array({
      name: string({ until: 5 }),
      topicId: uuid({ since: 6 }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
);
