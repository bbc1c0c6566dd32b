/** Heartbeat, API key 12. Source: the Kafka protocol guide. */
import { int16, int32, message, string } from '../message.ts';

export const heartbeatRequest = message(
  'HeartbeatRequest',
  { key: 12, versions: [0, 4], flexible: 4 },
  {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullable: 3, default: null }),
  },
);

export const heartbeatResponse = message(
  'HeartbeatResponse',
  { key: 12, versions: [0, 4], flexible: 4 },
  {
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16(),
  },
);
