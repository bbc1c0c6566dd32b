/**
 * OffsetDelete: deletion of committed offsets. Source: the Kafka protocol guide; KIP-496. The
 * shards whose offsets the coordinator has deleted are reset in the lease table.
 */
import {
  offsetDeleteRequest as request,
  offsetDeleteResponse as response,
} from '../../wire/messages/47-offset-delete.ts';
import { onGroup, onTopics } from '../access.ts';
import { defineApi } from '../api.ts';
import { tableNotReady } from '../errors.ts';
import { errorCodes } from '../../wire/errors.ts';

export const offsetDelete = defineApi({
  request,
  response,
  deviations: ['Leases of the partitions are at TRIM_HORIZON afterwards.'],
  touches: ({ groupId, topics }, call) => [
    onGroup('Delete', groupId),
    ...onTopics('Read', topics, call),
  ],
  onRequest(asked, { groups }) {
    if (!groups.hasTable(asked.groupId)) return 'relay';
    return { relay: asked, note: asked.groupId };
  },
  async onResponse(answer, { groups, logger }, groupId) {
    if (groupId === undefined || answer.errorCode !== errorCodes.NONE) {
      return undefined;
    }
    const removed = answer.topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode === errorCodes.NONE)
        .map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
    );
    try {
      await groups.remove(groupId, removed);
      return undefined;
    } catch (error) {
      logger.warn({ groupId, error }, 'the lease table of a group cannot be set');
      return { errorCode: tableNotReady, throttleTimeMs: answer.throttleTimeMs, topics: [] };
    }
  },
});
