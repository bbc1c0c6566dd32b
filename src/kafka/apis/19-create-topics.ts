/**
 * CreateTopics: relayed; the topics are streams from then on. Source: the Kafka protocol guide.
 */
import {
  createTopicsRequest as request,
  createTopicsResponse as response,
} from '../../wire/messages/19-create-topics.ts';
import { onTopics } from '../access.ts';
import { defineApi } from '../api.ts';

export const createTopics = defineApi({
  request,
  response,
  touches: (asked, call) => onTopics('Create', asked.topics, call),
  onResponse(answer, { streams }) {
    for (const { name } of answer.topics) streams.forget(name);
    return undefined;
  },
});
