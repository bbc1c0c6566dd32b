/** OffsetFetch, API key 9. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, int64, message, string, uuid } from '../message.ts';

export const offsetFetchRequest = message(
  'OffsetFetchRequest',
  { key: 9, versions: [1, 10], flexible: 6 },
  {
    groupId: string({ until: 7 }),
    topics: array(
      {
        name: string({ until: 7 }),
        partitionIndexes: arrayOf(int32(), { until: 7 }),
      },
      { until: 7, nullable: [2, 7] },
    ),
    groups: array(
      {
        groupId: string({ since: 8 }),
        memberId: string({ since: 9, nullable: 9, default: null }),
        memberEpoch: int32({ since: 9, default: -1 }),
        topics: array(
          {
            name: string({ since: 8, until: 9 }),
            topicId: uuid({ since: 10 }),
            partitionIndexes: arrayOf(int32(), { since: 8 }),
          },
          { since: 8, nullable: 8 },
        ),
      },
      { since: 8 },
    ),
    requireStable: bool({ since: 7 }),
  },
);

export const offsetFetchResponse = message(
  'OffsetFetchResponse',
  { key: 9, versions: [1, 10], flexible: 6 },
  {
    throttleTimeMs: int32({ since: 3 }),
    topics: array(
      {
        name: string({ until: 7 }),
        partitions: array(
          {
            partitionIndex: int32({ until: 7 }),
            committedOffset: int64({ until: 7 }),
            committedLeaderEpoch: int32({ since: 5, until: 7, default: -1 }),
            metadata: string({ until: 7, nullable: [0, 7] }),
            errorCode: int16({ until: 7 }),
          },
          { until: 7 },
        ),
      },
      { until: 7 },
    ),
    errorCode: int16({ since: 2, until: 7 }),
    groups: array(
      {
        groupId: string({ since: 8 }),
        topics: array(
          {
            name: string({ since: 8, until: 9 }),
            topicId: uuid({ since: 10 }),
            partitions: array(
              {
                partitionIndex: int32({ since: 8 }),
                committedOffset: int64({ since: 8 }),
                committedLeaderEpoch: int32({ since: 8, default: -1 }),
                metadata: string({ since: 8, nullable: 8 }),
                errorCode: int16({ since: 8 }),
              },
              { since: 8 },
            ),
          },
          { since: 8 },
        ),
        errorCode: int16({ since: 8 }),
      },
      { since: 8 },
    ),
  },
);
