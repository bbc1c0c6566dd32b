/**
 * DescribeClientQuotas: Quotas of the backing cluster. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  describeClientQuotasRequest as request,
  describeClientQuotasResponse as response,
} from '../../wire/messages/48-describe-client-quotas.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeClientQuotas = defineApi({
  request,
  response,
  touches: () => onCluster('DescribeConfigs'),
});
