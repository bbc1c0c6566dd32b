/**
 * OffsetForLeaderEpoch: Ends of leader epochs, for truncation checks. Relayed as it is. Source:
 * the Kafka protocol guide.
 */
import {
  offsetForLeaderEpochRequest as request,
  offsetForLeaderEpochResponse as response,
} from '../../wire/messages/23-offset-for-leader-epoch.ts';
import { onCluster, onTopicNames } from '../access.ts';
import { defineApi } from '../api.ts';

export const offsetForLeaderEpoch = defineApi({
  request,
  response,
  touches: ({ replicaId, topics }) =>
    replicaId >= 0 ? onCluster('ClusterAction') : onTopicNames('Describe', namesOf(topics)),
});

function namesOf(topics: readonly { readonly topic: string }[]): string[] {
  return topics.map(({ topic }) => topic);
}
