/** LeaveGroup, API key 13. Source: the Kafka protocol guide. */
import { array, int16, int32, message, string } from '../message.ts';

export const leaveGroupRequest = message(
  'LeaveGroupRequest',
  { key: 13, versions: [0, 5], flexible: 4 },
  {
    groupId: string(),
    memberId: string({ until: 2 }),
    members: array(
      {
        memberId: string({ since: 3 }),
        groupInstanceId: string({ since: 3, nullable: 3, default: null }),
        reason: string({ since: 5, nullable: 5, default: null }),
      },
      { since: 3 },
    ),
  },
);

export const leaveGroupResponse = message(
  'LeaveGroupResponse',
  { key: 13, versions: [0, 5], flexible: 4 },
  {
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16(),
    members: array(
      {
        memberId: string({ since: 3 }),
        groupInstanceId: string({ since: 3, nullable: 3 }),
        errorCode: int16({ since: 3 }),
      },
      { since: 3 },
    ),
  },
);
