/**
 * Heartbeat: members of a classic group. Source: the Kafka protocol guide. A member whose leases
 * have changed is asked to rejoin.
 */
import {
  heartbeatRequest as request,
  heartbeatResponse as response,
} from '../../wire/messages/12-heartbeat.ts';
import { onGroup } from '../access.ts';
import { defineApi } from '../api.ts';
import { errorCodes } from '../../wire/errors.ts';

export const heartbeat = defineApi({
  request,
  response,
  deviations: ['REBALANCE_IN_PROGRESS also when leases of the member come from or go to KCL.'],
  touches: ({ groupId }) => onGroup('Read', groupId),
  onRequest(asked, { groups }) {
    const { groupId, memberId } = asked;
    if (!groups.hasTable(groupId)) return 'relay';
    return { relay: asked, note: { groupId, memberId } };
  },
  onResponse(answer, { groups, clientId, connection }, note) {
    if (note === undefined || answer.errorCode !== errorCodes.NONE) return undefined;
    const { groupId, memberId } = note;
    const member = { memberId, clientId: clientId ?? '', isClassic: true, connection };
    groups.keepers.heard(groupId, member);
    if (!groups.keepers.mustRejoin(groupId, memberId)) return undefined;
    return { ...answer, errorCode: errorCodes.REBALANCE_IN_PROGRESS };
  },
});
