/**
 * DeleteGroups: deletion of empty groups. Source: the Kafka protocol guide; KIP-229. The lease
 * table and KCL's companion tables are deleted with the group; while a KCL worker holds leases, the
 * group is not empty.
 */
import {
  deleteGroupsRequest as request,
  deleteGroupsResponse as response,
} from '../../wire/messages/42-delete-groups.ts';
import { onGroups } from '../access.ts';
import { defineApi } from '../api.ts';
import { tableNotReady } from '../errors.ts';
import { errorCodes } from '../../wire/errors.ts';

type Result = {
  readonly groupId: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
};

/** The error for clients from version 3 on (KIP-1331). */
const workedOn = 'A KCL application of this name holds leases: stop its workers first.';
const notReady = 'The lease table of the group cannot be reached; try again.';

export const deleteGroups = defineApi({
  request,
  response,
  deviations: ['Deletes lease tables; NON_EMPTY_GROUP while a KCL worker holds leases.'],
  touches: ({ groupsNames }) => onGroups('Delete', groupsNames),
  async onRequest(asked, { groups, logger }) {
    const refused: Result[] = [];
    const passed: string[] = [];
    await Promise.all(
      asked.groupsNames.map(async (groupId) => {
        if (!groups.hasTable(groupId)) return passed.push(groupId);
        try {
          if (!(await groups.isWorkedOn(groupId))) return passed.push(groupId);
          return refused.push({
            groupId,
            errorCode: errorCodes.NON_EMPTY_GROUP,
            errorMessage: workedOn,
          });
        } catch (error) {
          logger.warn({ groupId, error }, 'the lease table of a group cannot be read');
          return refused.push({ groupId, errorCode: tableNotReady, errorMessage: notReady });
        }
      }),
    );
    if (passed.length === 0) return { answer: { results: refused } };
    return { relay: { ...asked, groupsNames: passed }, note: refused };
  },
  async onResponse(answer, { groups, logger }, refused) {
    if (refused === undefined) return undefined;
    const results = answer.results.map(async (result): Promise<Result> => {
      const { groupId, errorCode } = result;
      const isGone = errorCode === errorCodes.NONE || errorCode === errorCodes.GROUP_ID_NOT_FOUND;
      if (!isGone || !groups.hasTable(groupId)) return result;
      try {
        // Kafka does not know a group that only has KCL workers.
        return (await groups.deleteGroup(groupId))
          ? { groupId, errorCode: errorCodes.NONE, errorMessage: null }
          : result;
      } catch (error) {
        logger.warn({ groupId, error }, 'the lease table of a group cannot be deleted');
        return { groupId, errorCode: tableNotReady, errorMessage: notReady };
      }
    });
    return { ...answer, results: [...refused, ...(await Promise.all(results))] };
  },
});
