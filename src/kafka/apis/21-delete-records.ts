/**
 * DeleteRecords: refused for streams with Kinesis rules, whose records are immutable and live
 * for the retention period; relayed for other topics. Source: KIP-107.
 */
import {
  deleteRecordsRequest as request,
  deleteRecordsResponse as response,
} from '../../wire/messages/21-delete-records.ts';
import { onTopics } from '../access.ts';
import { defineApi } from '../api.ts';
import { partByRules } from '../rules/stream-rules.ts';
import { errorCodes } from '../../wire/errors.ts';

/** The response has no field for a message; the documentation names the Kinesis action. */
const refusal = 'Records of a stream with Kinesis rules are immutable.';

type Refused = { name: string; partitions: { partitionIndex: number; errorCode: number }[] }[];

export const deleteRecords = defineApi({
  request,
  response,
  deviations: [
    'Streams made by CreateStream: POLICY_VIOLATION; use DecreaseStreamRetentionPeriod.',
  ],
  touches: (asked, call) => onTopics('Delete', asked.topics, call),
  async onRequest(asked, { streams }) {
    const parted = await partByRules(
      streams,
      asked.topics,
      ({ name }) => name,
      () => refusal,
    );
    if (parted.refused.length === 0) return 'relay';
    const refused: Refused = parted.refused.map(({ item }) => ({
      name: item.name,
      partitions: item.partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        lowWatermark: -1n,
        errorCode: errorCodes.POLICY_VIOLATION,
      })),
    }));
    if (parted.passed.length === 0) return { answer: { topics: refused } };
    return { relay: { ...asked, topics: parted.passed }, note: refused };
  },
  onResponse(answer, _call, refused) {
    if (refused === undefined) return undefined;
    return { ...answer, topics: [...answer.topics, ...refused] };
  },
});
