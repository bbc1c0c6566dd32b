/**
 * Metadata: brokers, topics and their leaders. Source: the Kafka protocol guide.
 * The brokers' addresses become those of the gateway's ports. Partitions that are no shards yet,
 * while a stream is being resharded, are not shown. Other partitions go on as they came, unread.
 */
import {
  metadataRequest as request,
  passingMetadataResponse as response,
} from '../../wire/messages/03-metadata.ts';
import { defineApi } from '../api.ts';
import { shardCountWithin } from '../rules/stream-rules.ts';

export const metadata = defineApi({
  request,
  response,
  async onResponse(answer, { brokers, streams, topicNames }) {
    const topics = answer.topics.map(async (topic) => {
      const { name, topicId, partitions } = topic;
      if (name === null) return topic;
      topicNames.note(topicId, name);
      const count = await shardCountWithin(streams, name, partitions.count);
      if (count === partitions.count) return topic;
      const shown = partitions.read().filter(({ partitionIndex }) => partitionIndex < count);
      return { ...topic, partitions: shown };
    });
    const advertised = brokers.advertiseAll(answer.brokers);
    return { ...answer, topics: await Promise.all(topics), brokers: await advertised };
  },
});
