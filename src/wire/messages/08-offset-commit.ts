/** OffsetCommit, API key 8. Source: the Kafka protocol guide. */
import { array, int16, int32, int64, message, string, uuid } from '../message.ts';

export const offsetCommitRequest = message(
  'OffsetCommitRequest',
  { key: 8, versions: [2, 10], flexible: 8 },
  {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ default: -1 }),
    memberId: string(),
    groupInstanceId: string({ since: 7, nullable: 7, default: null }),
    retentionTimeMs: int64({ until: 4, default: -1n }),
    topics: array({
      name: string({ until: 9 }),
      topicId: uuid({ since: 10 }),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ since: 6, default: -1 }),
        committedMetadata: string({ nullable: 0 }),
      }),
    }),
  },
);

export const offsetCommitResponse = message(
  'OffsetCommitResponse',
  { key: 8, versions: [2, 10], flexible: 8 },
  {
    throttleTimeMs: int32({ since: 3 }),
    topics: array({
      name: string({ until: 9 }),
      topicId: uuid({ since: 10 }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
);
