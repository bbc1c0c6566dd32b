/** UnregisterBroker: Removal of a broker. Relayed as it is. Source: the Kafka protocol guide. */
import {
  unregisterBrokerRequest as request,
  unregisterBrokerResponse as response,
} from '../../wire/messages/64-unregister-broker.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const unregisterBroker = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
