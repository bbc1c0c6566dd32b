/** DeleteRecords, API key 21. Source: the Kafka protocol guide. */
import { array, int16, int32, int64, message, string } from '../message.ts';

export const deleteRecordsRequest = message(
  'DeleteRecordsRequest',
  { key: 21, versions: [0, 2], flexible: 2 },
  {
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        offset: int64(),
      }),
    }),
    timeoutMs: int32(),
  },
);

export const deleteRecordsResponse = message(
  'DeleteRecordsResponse',
  { key: 21, versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        lowWatermark: int64(),
        errorCode: int16(),
      }),
    }),
  },
);
