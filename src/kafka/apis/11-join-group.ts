/** JoinGroup: Members of a classic group. Relayed as it is. Source: the Kafka protocol guide. */
import {
  joinGroupRequest as request,
  joinGroupResponse as response,
} from '../../wire/messages/11-join-group.ts';
import { defineApi } from '../api.ts';

export const joinGroup = defineApi({ request, response });
