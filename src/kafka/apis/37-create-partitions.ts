/**
 * CreatePartitions: refused for streams with Kinesis rules, which are resharded by the Kinesis API;
 * relayed for other topics, whose streams follow. Source: KIP-195.
 */
import {
  createPartitionsRequest as request,
  createPartitionsResponse as response,
} from '../../wire/messages/37-create-partitions.ts';
import { onTopics } from '../access.ts';
import { defineApi } from '../api.ts';
import { partByRules } from '../rules/stream-rules.ts';
import { errorCodes } from '../../wire/errors.ts';

const refusal =
  'This stream has Kinesis rules: use UpdateShardCount, SplitShard or MergeShards of the Kinesis ' +
  'API.';

type Result = { name: string; errorCode: number; errorMessage: string | null };

export const createPartitions = defineApi({
  request,
  response,
  deviations: [
    'Streams made by CreateStream: POLICY_VIOLATION; use UpdateShardCount or SplitShard.',
  ],
  touches: (asked, call) => onTopics('Alter', asked.topics, call),
  async onRequest(asked, { streams }) {
    const parted = await partByRules(
      streams,
      asked.topics,
      ({ name }) => name,
      () => refusal,
    );
    if (parted.refused.length === 0) return 'relay';
    const refused: Result[] = parted.refused.map(({ item, message }) => ({
      name: item.name,
      errorCode: errorCodes.POLICY_VIOLATION,
      errorMessage: message,
    }));
    if (parted.passed.length === 0) return { answer: { results: refused } };
    return { relay: { ...asked, topics: parted.passed }, note: refused };
  },
  onResponse(answer, { streams }, refused) {
    for (const { name } of answer.results) streams.forget(name);
    if (refused === undefined) return undefined;
    return { ...answer, results: [...answer.results, ...refused] };
  },
});
