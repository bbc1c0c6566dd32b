/**
 * SyncGroup: Assignments of a classic group. Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  syncGroupRequest as request,
  syncGroupResponse as response,
} from '../../wire/messages/14-sync-group.ts';
import { defineApi } from '../api.ts';

export const syncGroup = defineApi({ request, response });
