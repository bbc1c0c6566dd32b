/**
 * ConsumerGroupDescribe: KIP-848 groups as the coordinator sees them. Relayed as it is. Source:
 * the Kafka protocol guide.
 */
import {
  consumerGroupDescribeRequest as request,
  consumerGroupDescribeResponse as response,
} from '../../wire/messages/69-consumer-group-describe.ts';
import { onGroups } from '../access.ts';
import { defineApi } from '../api.ts';

export const consumerGroupDescribe = defineApi({
  request,
  response,
  touches: ({ groupIds }) => onGroups('Describe', groupIds),
});
