/**
 * ShareAcknowledge: acknowledges records of a share group. Source: KIP-932; KIP-951 for
 * NodeEndpoints. The addresses in a response are replaced by those of the gateway's ports.
 */
import {
  shareAcknowledgeRequest as request,
  shareAcknowledgeResponse as response,
} from '../../wire/messages/79-share-acknowledge.ts';
import { onGroup, onTopics } from '../access.ts';
import { defineApi } from '../api.ts';

export const shareAcknowledge = defineApi({
  request,
  response,
  touches: ({ groupId, topics }, call) => [
    onGroup('Read', groupId ?? ''),
    ...onTopics('Read', topics, call),
  ],
  onResponse(answer, { brokers }) {
    if (answer.nodeEndpoints.length === 0) return undefined;
    return brokers
      .advertiseAll(answer.nodeEndpoints)
      .then((nodeEndpoints) => ({ ...answer, nodeEndpoints }));
  },
});
