/** ListPartitionReassignments, API key 46. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, message, string } from '../message.ts';

export const listPartitionReassignmentsRequest = message(
  'ListPartitionReassignmentsRequest',
  { key: 46, versions: [0, 0], flexible: 0 },
  {
    timeoutMs: int32({ default: 60000 }),
    topics: array(
      {
        name: string(),
        partitionIndexes: arrayOf(int32()),
      },
      { nullable: 0, default: null },
    ),
  },
);

export const listPartitionReassignmentsResponse = message(
  'ListPartitionReassignmentsResponse',
  { key: 46, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: arrayOf(int32()),
        addingReplicas: arrayOf(int32()),
        removingReplicas: arrayOf(int32()),
      }),
    }),
  },
);
