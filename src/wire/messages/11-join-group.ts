/** JoinGroup, API key 11. Source: the Kafka protocol guide. */
import { array, bool, bytes, int16, int32, message, string } from '../message.ts';

export const joinGroupRequest = message(
  'JoinGroupRequest',
  { key: 11, versions: [0, 9], flexible: 6 },
  {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ since: 1, default: -1 }),
    memberId: string(),
    groupInstanceId: string({ since: 5, nullable: 5, default: null }),
    protocolType: string(),
    protocols: array({
      name: string(),
      metadata: bytes(),
    }),
    reason: string({ since: 8, nullable: 8, default: null }),
  },
);

export const joinGroupResponse = message(
  'JoinGroupResponse',
  { key: 11, versions: [0, 9], flexible: 6 },
  {
    throttleTimeMs: int32({ since: 2 }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ since: 7, nullable: 7, default: null }),
    protocolName: string({ nullable: 7 }),
    leader: string(),
    skipAssignment: bool({ since: 9 }),
    memberId: string(),
    members: array({
      memberId: string(),
      groupInstanceId: string({ since: 5, nullable: 5, default: null }),
      metadata: bytes(),
    }),
  },
);
