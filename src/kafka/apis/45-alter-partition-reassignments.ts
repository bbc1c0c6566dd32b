/**
 * AlterPartitionReassignments: Replica moves. Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  alterPartitionReassignmentsRequest as request,
  alterPartitionReassignmentsResponse as response,
} from '../../wire/messages/45-alter-partition-reassignments.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const alterPartitionReassignments = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
