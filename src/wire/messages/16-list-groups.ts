/** ListGroups, API key 16. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, message, string } from '../message.ts';

export const listGroupsRequest = message(
  'ListGroupsRequest',
  { key: 16, versions: [0, 5], flexible: 3 },
  {
    statesFilter: arrayOf(string(), { since: 4 }),
    typesFilter: arrayOf(string(), { since: 5 }),
  },
);

export const listGroupsResponse = message(
  'ListGroupsResponse',
  { key: 16, versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string({ since: 4 }),
      groupType: string({ since: 5 }),
    }),
  },
);
