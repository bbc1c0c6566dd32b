/**
 * Metadata: brokers, topics and their leaders. Source: the Kafka protocol guide.
 * The brokers' addresses become those of the gateway's ports.
 */
import {
  metadataRequest as request,
  metadataResponse as response,
} from '../../wire/messages/03-metadata.ts';
import { defineApi } from '../api.ts';

export const metadata = defineApi({
  request,
  response,
  async onResponse(answer, { brokers, topicNames }) {
    for (const { name, topicId } of answer.topics)
      if (name !== null) topicNames.note(topicId, name);
    return { ...answer, brokers: await brokers.advertiseAll(answer.brokers) };
  },
});
