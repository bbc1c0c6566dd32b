/** ListOffsets, API key 2. Source: the Kafka protocol guide. */
import { array, int16, int32, int64, int8, message, string } from '../message.ts';

export const listOffsetsRequest = message(
  'ListOffsetsRequest',
  { key: 2, versions: [1, 11], flexible: 6 },
  {
    replicaId: int32(),
    isolationLevel: int8({ since: 2 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ since: 4, default: -1 }),
        timestamp: int64(),
      }),
    }),
    timeoutMs: int32({ since: 10 }),
  },
);

export const listOffsetsResponse = message(
  'ListOffsetsResponse',
  { key: 2, versions: [1, 11], flexible: 6 },
  {
    throttleTimeMs: int32({ since: 2 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: int64({ default: -1n }),
        offset: int64({ default: -1n }),
        leaderEpoch: int32({ since: 4, default: -1 }),
      }),
    }),
  },
);
