/**
 * StreamsGroupHeartbeat: Members of a streams group (KIP-1071). Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  streamsGroupHeartbeatRequest as request,
  streamsGroupHeartbeatResponse as response,
} from '../../wire/messages/88-streams-group-heartbeat.ts';
import type { Access } from '../../access/authorizer.ts';
import type { Decoded } from '../../wire/message.ts';
import { onAllTopics, onGroup, onTopicNames } from '../access.ts';
import { defineApi } from '../api.ts';

export const streamsGroupHeartbeat = defineApi({
  request,
  response,
  touches: touched,
});

/** Topics of the topology, of which the broker makes those that are the application's own. */
function touched({ groupId, topology }: Decoded<(typeof request)['fields']>): readonly Access[] {
  const parts = topology?.subtopologies ?? [];
  const made = parts.flatMap(({ stateChangelogTopics, repartitionSourceTopics }) =>
    [...stateChangelogTopics, ...repartitionSourceTopics].map(({ name }) => name),
  );
  const given = parts.flatMap(({ sourceTopics, repartitionSinkTopics }) => [
    ...sourceTopics,
    ...repartitionSinkTopics,
  ]);
  const isByPattern = parts.some(({ sourceTopicRegex }) => sourceTopicRegex.length > 0);
  return [
    onGroup('Read', groupId),
    ...onTopicNames('Describe', [...given, ...made]),
    ...(isByPattern ? [onAllTopics('Describe')] : []),
    ...onTopicNames('Create', made),
  ];
}
