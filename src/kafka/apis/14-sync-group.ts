/**
 * SyncGroup: assignments of a classic group. Source: the Kafka protocol guide. A member gets the
 * partitions whose leases it can take; those that a KCL worker of the same application holds are
 * left out until the member is asked to rejoin.
 */
import {
  syncGroupRequest as request,
  syncGroupResponse as response,
} from '../../wire/messages/14-sync-group.ts';
import { onGroup } from '../access.ts';
import { defineApi } from '../api.ts';
import { readAssignment, writeAssignment } from '../groups/assignments.ts';
import { errorCodes } from '../../wire/errors.ts';

export const syncGroup = defineApi({
  request,
  response,
  deviations: ['Partitions whose leases KCL workers hold are not assigned.'],
  touches: ({ groupId }) => onGroup('Read', groupId),
  onRequest(asked, { groups, clientId, connection }) {
    const { groupId, memberId } = asked;
    if (!groups.hasTable(groupId)) return 'relay';
    const member = { memberId, clientId: clientId ?? '', isClassic: true, connection };
    // It waits for the leader's assignment.
    groups.keepers.joins(groupId, member);
    return { relay: asked, note: { groupId, member } };
  },
  async onResponse(answer, { groups, logger }, note) {
    if (note === undefined) return undefined;
    const { groupId, member } = note;
    groups.keepers.heard(groupId, member);
    if (answer.errorCode !== errorCodes.NONE) return undefined;
    const assignment = readAssignment(answer.assignment);
    if (assignment === undefined) return undefined;
    const { partitions, isShareable } = assignment;
    try {
      const held = await groups.keepers.assign(groupId, member, partitions, isShareable);
      if (held.length === partitions.length) return undefined;
      return { ...answer, assignment: writeAssignment(answer.assignment, held) };
    } catch (error) {
      // A member must not start without its leases; it retries.
      logger.warn({ groupId, error }, 'the leases of a member cannot be had');
      return {
        ...answer,
        errorCode: errorCodes.REBALANCE_IN_PROGRESS,
        assignment: Buffer.alloc(0),
      };
    }
  },
});
