/**
 * AlterClientQuotas: Quotas of the backing cluster. Relayed as it is. Source: the Kafka protocol
 * guide.
 */
import {
  alterClientQuotasRequest as request,
  alterClientQuotasResponse as response,
} from '../../wire/messages/49-alter-client-quotas.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const alterClientQuotas = defineApi({
  request,
  response,
  touches: () => onCluster('AlterConfigs'),
});
