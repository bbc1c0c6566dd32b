/**
 * ListConfigResources: Names of resources with configs. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  listConfigResourcesRequest as request,
  listConfigResourcesResponse as response,
} from '../../wire/messages/74-list-config-resources.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const listConfigResources = defineApi({
  request,
  response,
  touches: () => onCluster('DescribeConfigs'),
});
