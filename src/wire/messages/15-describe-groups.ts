/** DescribeGroups, API key 15. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, bytes, int16, int32, message, string } from '../message.ts';

export const describeGroupsRequest = message(
  'DescribeGroupsRequest',
  { key: 15, versions: [0, 6], flexible: 5 },
  {
    groups: arrayOf(string()),
    includeAuthorizedOperations: bool({ since: 3 }),
  },
);

export const describeGroupsResponse = message(
  'DescribeGroupsResponse',
  { key: 15, versions: [0, 6], flexible: 5 },
  {
    throttleTimeMs: int32({ since: 1 }),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ since: 6, nullable: 6, default: null }),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array({
        memberId: string(),
        groupInstanceId: string({ since: 4, nullable: 4, default: null }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32({ since: 3, default: -2147483648 }),
    }),
  },
);
