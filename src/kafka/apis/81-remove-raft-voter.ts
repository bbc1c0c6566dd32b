/**
 * RemoveRaftVoter: Controllers of the backing cluster. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  removeRaftVoterRequest as request,
  removeRaftVoterResponse as response,
} from '../../wire/messages/81-remove-raft-voter.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const removeRaftVoter = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
