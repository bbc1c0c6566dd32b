/**
 * AddRaftVoter: Controllers of the backing cluster. Relayed as it is. Source: the Kafka protocol
 * guide.
 */
import {
  addRaftVoterRequest as request,
  addRaftVoterResponse as response,
} from '../../wire/messages/80-add-raft-voter.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const addRaftVoter = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
