/** AlterPartitionReassignments, API key 45. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, message, string } from '../message.ts';

export const alterPartitionReassignmentsRequest = message(
  'AlterPartitionReassignmentsRequest',
  { key: 45, versions: [0, 1], flexible: 0 },
  {
    timeoutMs: int32({ default: 60000 }),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: arrayOf(int32(), { nullable: 0, default: null }),
      }),
    }),
  },
);

export const alterPartitionReassignmentsResponse = message(
  'AlterPartitionReassignmentsResponse',
  { key: 45, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
    responses: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
      }),
    }),
  },
);
