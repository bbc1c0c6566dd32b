/** SyncGroup, API key 14. Source: the Kafka protocol guide. */
import { array, bytes, int16, int32, message, string } from '../message.ts';

export const syncGroupRequest = message(
  'SyncGroupRequest',
  { key: 14, versions: [0, 5], flexible: 4 },
  {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullable: 3, default: null }),
    protocolType: string({ since: 5, nullable: 5, default: null }),
    protocolName: string({ since: 5, nullable: 5, default: null }),
    assignments: array({
      memberId: string(),
      assignment: bytes(),
    }),
  },
);

export const syncGroupResponse = message(
  'SyncGroupResponse',
  { key: 14, versions: [0, 5], flexible: 4 },
  {
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16(),
    protocolType: string({ since: 5, nullable: 5, default: null }),
    protocolName: string({ since: 5, nullable: 5, default: null }),
    assignment: bytes(),
  },
);
