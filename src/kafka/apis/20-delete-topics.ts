/**
 * DeleteTopics: relayed; the streams are gone with the topics. Source: the Kafka protocol guide.
 */
import {
  deleteTopicsRequest as request,
  deleteTopicsResponse as response,
} from '../../wire/messages/20-delete-topics.ts';
import { defineApi } from '../api.ts';

export const deleteTopics = defineApi({
  request,
  response,
  onResponse(answer, { streams }) {
    for (const { name } of answer.responses) if (name !== null) streams.forget(name);
    return undefined;
  },
});
