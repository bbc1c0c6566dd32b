/**
 * CreateTopics: relayed; the topics are streams from then on. Source: the Kafka protocol guide.
 */
import {
  createTopicsRequest as request,
  createTopicsResponse as response,
} from '../../wire/messages/19-create-topics.ts';
import { defineApi } from '../api.ts';

export const createTopics = defineApi({
  request,
  response,
  onResponse(answer, { streams }) {
    for (const { name } of answer.topics) streams.forget(name);
    return undefined;
  },
});
