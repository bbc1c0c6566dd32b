/** ElectLeaders, API key 43. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, int8, message, string } from '../message.ts';

export const electLeadersRequest = message(
  'ElectLeadersRequest',
  { key: 43, versions: [0, 2], flexible: 2 },
  {
    electionType: int8({ since: 1 }),
    topicPartitions: array(
      {
        topic: string(),
        partitions: arrayOf(int32()),
      },
      { nullable: 0 },
    ),
    timeoutMs: int32({ default: 60000 }),
  },
);

export const electLeadersResponse = message(
  'ElectLeadersResponse',
  { key: 43, versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 1 }),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
      }),
    }),
  },
);
