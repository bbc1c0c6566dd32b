/**
 * DescribeTopicPartitions: Topics page by page (KIP-966). Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  describeTopicPartitionsRequest as request,
  describeTopicPartitionsResponse as response,
} from '../../wire/messages/75-describe-topic-partitions.ts';
import { onAllTopics, onTopics } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeTopicPartitions = defineApi({
  request,
  response,
  touches: ({ topics }, call) =>
    topics.length === 0 ? onAllTopics('Describe') : onTopics('Describe', topics, call),
});
