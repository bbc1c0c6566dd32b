/**
 * DescribeConfigs: Configs of topics, brokers and groups. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  describeConfigsRequest as request,
  describeConfigsResponse as response,
} from '../../wire/messages/32-describe-configs.ts';
import { onConfigsOf } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeConfigs = defineApi({
  request,
  response,
  touches: ({ resources }) => onConfigsOf('DescribeConfigs', resources),
});
