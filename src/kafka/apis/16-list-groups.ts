/** ListGroups: Groups of every type. Relayed as it is. Source: the Kafka protocol guide. */
import {
  listGroupsRequest as request,
  listGroupsResponse as response,
} from '../../wire/messages/16-list-groups.ts';
import { onAllGroups } from '../access.ts';
import { defineApi } from '../api.ts';

export const listGroups = defineApi({
  request,
  response,
  isOfOneBroker: true,
  touches: () => onAllGroups('Describe'),
});
