/** DeleteGroups: Removal of empty groups. Relayed as it is. Source: the Kafka protocol guide. */
import {
  deleteGroupsRequest as request,
  deleteGroupsResponse as response,
} from '../../wire/messages/42-delete-groups.ts';
import { defineApi } from '../api.ts';

export const deleteGroups = defineApi({ request, response });
