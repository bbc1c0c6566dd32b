/** FindCoordinator, API key 10. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, int8, message, string } from '../message.ts';

export const findCoordinatorRequest = message(
  'FindCoordinatorRequest',
  { key: 10, versions: [0, 6], flexible: 3 },
  {
    key: string({ until: 3 }),
    keyType: int8({ since: 1 }),
    coordinatorKeys: arrayOf(string(), { since: 4 }),
  },
);

export const findCoordinatorResponse = message(
  'FindCoordinatorResponse',
  { key: 10, versions: [0, 6], flexible: 3 },
  {
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16({ until: 3 }),
    errorMessage: string({ since: 1, until: 3, nullable: [1, 3] }),
    nodeId: int32({ until: 3 }),
    host: string({ until: 3 }),
    port: int32({ until: 3 }),
    coordinators: array(
      {
        key: string({ since: 4 }),
        nodeId: int32({ since: 4 }),
        host: string({ since: 4 }),
        port: int32({ since: 4 }),
        errorCode: int16({ since: 4 }),
        errorMessage: string({ since: 4, nullable: 4 }),
      },
      { since: 4 },
    ),
  },
);
