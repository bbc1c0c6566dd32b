/** AddRaftVoter, API key 80. Source: the Kafka protocol guide. */
import { array, bool, int16, int32, message, string, uint16, uuid } from '../message.ts';

export const addRaftVoterRequest = message(
  'AddRaftVoterRequest',
  { key: 80, versions: [0, 1], flexible: 0 },
  {
    clusterId: string({ nullable: 0 }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
    }),
    ackWhenCommitted: bool({ since: 1, default: true }),
  },
);

export const addRaftVoterResponse = message(
  'AddRaftVoterResponse',
  { key: 80, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
  },
);
