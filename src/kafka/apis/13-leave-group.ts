/**
 * LeaveGroup: members of a classic group. Source: the Kafka protocol guide; KIP-345 for several at
 * once. Their leases are released before the response.
 */
import {
  leaveGroupRequest as request,
  leaveGroupResponse as response,
} from '../../wire/messages/13-leave-group.ts';
import { onGroup } from '../access.ts';
import { defineApi } from '../api.ts';
import { errorCodes } from '../../wire/errors.ts';

const severalSince = 3;

export const leaveGroup = defineApi({
  request,
  response,
  touches: ({ groupId }) => onGroup('Read', groupId),
  onRequest(asked, { groups, version }) {
    const { groupId, memberId, members } = asked;
    if (!groups.hasTable(groupId)) return 'relay';
    const memberIds = version >= severalSince ? members.map((each) => each.memberId) : [memberId];
    return { relay: asked, note: { groupId, memberIds } };
  },
  async onResponse(answer, { groups }, note) {
    if (note === undefined || answer.errorCode !== errorCodes.NONE) return undefined;
    const { groupId, memberIds } = note;
    await Promise.all(memberIds.map((memberId) => groups.keepers.leave(groupId, memberId)));
    return undefined;
  },
});
