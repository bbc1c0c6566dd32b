/** AlterShareGroupOffsets, API key 91. Source: the Kafka protocol guide. */
import { array, int16, int32, int64, message, string, uuid } from '../message.ts';

export const alterShareGroupOffsetsRequest = message(
  'AlterShareGroupOffsetsRequest',
  { key: 91, versions: [0, 0], flexible: 0 },
  {
    groupId: string(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        startOffset: int64(),
      }),
    }),
  },
);

export const alterShareGroupOffsetsResponse = message(
  'AlterShareGroupOffsetsResponse',
  { key: 91, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0, default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: 0, default: null }),
      }),
    }),
  },
);
