/**
 * DescribeGroups: Classic groups as the coordinator sees them. Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  describeGroupsRequest as request,
  describeGroupsResponse as response,
} from '../../wire/messages/15-describe-groups.ts';
import { onGroups } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeGroups = defineApi({
  request,
  response,
  touches: ({ groups }) => onGroups('Describe', groups),
});
