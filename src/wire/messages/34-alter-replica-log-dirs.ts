/** AlterReplicaLogDirs, API key 34. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, message, string } from '../message.ts';

export const alterReplicaLogDirsRequest = message(
  'AlterReplicaLogDirsRequest',
  { key: 34, versions: [1, 2], flexible: 2 },
  {
    dirs: array({
      path: string(),
      topics: array({
        name: string(),
        partitions: arrayOf(int32()),
      }),
    }),
  },
);

export const alterReplicaLogDirsResponse = message(
  'AlterReplicaLogDirsResponse',
  { key: 34, versions: [1, 2], flexible: 2 },
  {
    throttleTimeMs: int32(),
    results: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
);
