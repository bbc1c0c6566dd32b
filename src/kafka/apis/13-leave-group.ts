/** LeaveGroup: Members of a classic group. Relayed as it is. Source: the Kafka protocol guide. */
import {
  leaveGroupRequest as request,
  leaveGroupResponse as response,
} from '../../wire/messages/13-leave-group.ts';
import { defineApi } from '../api.ts';

export const leaveGroup = defineApi({ request, response });
