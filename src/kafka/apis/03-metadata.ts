/**
 * Metadata: brokers, topics and their leaders. Source: the Kafka protocol guide. The brokers'
 * addresses are replaced by those of the gateway's ports. Partitions that are not shards yet,
 * during a resharding, are hidden. Other partitions are copied without decoding.
 */
import {
  metadataRequest as request,
  passingMetadataResponse as response,
} from '../../wire/messages/03-metadata.ts';
import type { Access } from '../../access/authorizer.ts';
import type { Decoded } from '../../wire/message.ts';
import { onAllTopics, onTopics } from '../access.ts';
import { type Call, defineApi } from '../api.ts';
import { shardCountWithin } from '../rules/stream-rules.ts';

export const metadata = defineApi({
  request,
  response,
  touches: touched,
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

/** Where topics may be made by being asked for, that is asked for too. */
function touched(
  { topics, allowAutoTopicCreation }: Decoded<(typeof request)['fields']>,
  call: Call,
): readonly Access[] {
  const isAll = topics === null || (call.version === 0 && topics.length === 0);
  if (isAll) return [onAllTopics('Describe')];
  const described = onTopics('Describe', topics, call);
  if (!allowAutoTopicCreation) return described;
  const named = topics.filter(({ name }) => name !== null && name !== '');
  return [...described, ...onTopics('Create', named, call)];
}
