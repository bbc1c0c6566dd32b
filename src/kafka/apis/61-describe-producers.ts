/**
 * DescribeProducers: Producers of a partition. Relayed as it is. Source: the Kafka protocol
 * guide.
 */
import {
  describeProducersRequest as request,
  describeProducersResponse as response,
} from '../../wire/messages/61-describe-producers.ts';
import { onTopics } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeProducers = defineApi({
  request,
  response,
  touches: (asked, call) => onTopics('Read', asked.topics, call),
});
