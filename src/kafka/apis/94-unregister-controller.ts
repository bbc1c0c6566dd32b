/**
 * UnregisterController: removal of a controller (KAFKA-20395). Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  unregisterControllerRequest as request,
  unregisterControllerResponse as response,
} from '../../wire/messages/94-unregister-controller.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const unregisterController = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
