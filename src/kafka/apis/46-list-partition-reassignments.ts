/**
 * ListPartitionReassignments: Replica moves. Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  listPartitionReassignmentsRequest as request,
  listPartitionReassignmentsResponse as response,
} from '../../wire/messages/46-list-partition-reassignments.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const listPartitionReassignments = defineApi({
  request,
  response,
  touches: () => onCluster('Describe'),
});
