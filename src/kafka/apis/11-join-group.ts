/**
 * JoinGroup: members of a classic group. Source: the Kafka protocol guide; KIP-429 for members that
 * keep their partitions while they join. Relayed as it is; what such a member names no more of what
 * it was to give back is free.
 */
import {
  joinGroupRequest as request,
  joinGroupResponse as response,
} from '../../wire/messages/11-join-group.ts';
import { onGroup } from '../access.ts';
import { defineApi } from '../api.ts';
import { readOwned } from '../groups/assignments.ts';

export const joinGroup = defineApi({
  request,
  response,
  touches: ({ groupId }) => onGroup('Read', groupId),
  async onRequest(asked, { groups, clientId, connection, logger }) {
    const { groupId, memberId, protocols } = asked;
    if (memberId === '' || !groups.hasTable(groupId)) return 'relay';
    const owned = protocols.flatMap(({ metadata }) => readOwned(metadata) ?? []);
    const member = { memberId, clientId: clientId ?? '', isClassic: true, connection };
    await groups.keepers.owns(groupId, member, owned).catch((error: unknown) => {
      logger.warn({ groupId, error }, 'the leases of a member cannot be given back');
    });
    // Until all others have joined, it sends no heartbeats, but is alive nonetheless.
    groups.keepers.joins(groupId, member);
    return { relay: asked, note: { groupId, member } };
  },
  onResponse(_answer, { groups }, note) {
    if (note === undefined) return undefined;
    const { groupId, member } = note;
    groups.keepers.heard(groupId, member);
    return undefined;
  },
});
