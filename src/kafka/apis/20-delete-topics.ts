/**
 * DeleteTopics: relayed; the streams of the topics, and their leases, are deleted before the client
 * gets the response. Source: the Kafka protocol guide.
 */
import {
  deleteTopicsRequest as request,
  deleteTopicsResponse as response,
} from '../../wire/messages/20-delete-topics.ts';
import { atOnce } from '../../runtime/at-once.ts';
import { onTopicNames, onTopics } from '../access.ts';
import { defineApi } from '../api.ts';
import { errorCodes } from '../../wire/errors.ts';

const topicsAtOnce = 16;

const topicsSince = 6;

export const deleteTopics = defineApi({
  request,
  response,
  deviations: ['Leases of the streams are deleted, too.'],
  touches: (asked, { version, topicNames }) =>
    version < topicsSince
      ? onTopicNames('Delete', asked.topicNames)
      : onTopics('Delete', asked.topics, { topicNames }),
  async onResponse(answer, { streams, logger }) {
    const deleted: string[] = [];
    for (const { name, errorCode } of answer.responses) {
      if (name === null) continue;
      streams.forget(name);
      if (errorCode === errorCodes.NONE) deleted.push(name);
    }
    await atOnce(topicsAtOnce, deleted, async (topic) => {
      try {
        await streams.logDeleted(topic);
      } catch (error) {
        // The next call that notices the missing topic does it.
        logger.warn({ topic, error }, 'the leases of a deleted topic are left for later');
      }
    });
    return undefined;
  },
});
