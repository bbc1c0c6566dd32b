/** OffsetDelete, API key 47. Source: the Kafka protocol guide. */
import { array, int16, int32, message, string } from '../message.ts';

export const offsetDeleteRequest = message(
  'OffsetDeleteRequest',
  { key: 47, versions: [0, 0] },
  {
    groupId: string(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
);

export const offsetDeleteResponse = message(
  'OffsetDeleteResponse',
  { key: 47, versions: [0, 0] },
  {
    errorCode: int16(),
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
);
