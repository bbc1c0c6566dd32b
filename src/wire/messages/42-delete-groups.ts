/** DeleteGroups, API key 42. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, message, string } from '../message.ts';

export const deleteGroupsRequest = message(
  'DeleteGroupsRequest',
  { key: 42, versions: [0, 3], flexible: 2 },
  {
    groupsNames: arrayOf(string()),
  },
);

export const deleteGroupsResponse = message(
  'DeleteGroupsResponse',
  { key: 42, versions: [0, 3], flexible: 2 },
  {
    throttleTimeMs: int32(),
    results: array({
      groupId: string(),
      errorCode: int16(),
      errorMessage: string({ since: 3, nullable: 3, default: null }),
    }),
  },
);
