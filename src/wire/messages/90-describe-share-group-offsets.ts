/** DescribeShareGroupOffsets, API key 90. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, int64, message, string, uuid } from '../message.ts';

export const describeShareGroupOffsetsRequest = message(
  'DescribeShareGroupOffsetsRequest',
  { key: 90, versions: [0, 1], flexible: 0 },
  {
    groups: array({
      groupId: string(),
      topics: array(
        {
          topicName: string(),
          partitions: arrayOf(int32()),
        },
        { nullable: 0 },
      ),
    }),
  },
);

export const describeShareGroupOffsetsResponse = message(
  'DescribeShareGroupOffsetsResponse',
  { key: 90, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    groups: array({
      groupId: string(),
      topics: array({
        topicName: string(),
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          startOffset: int64(),
          leaderEpoch: int32(),
          lag: int64({ since: 1, default: -1n }),
          errorCode: int16(),
          errorMessage: string({ nullable: 0, default: null }),
        }),
      }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
    }),
  },
);
