/** ElectLeaders: Leader elections. Relayed as it is. Source: the Kafka protocol guide. */
import {
  electLeadersRequest as request,
  electLeadersResponse as response,
} from '../../wire/messages/43-elect-leaders.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const electLeaders = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
