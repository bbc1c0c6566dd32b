/**
 * IncrementalAlterConfigs: changes single configs. Refused for streams with Kinesis rules where it
 * would break them. Source: KIP-339.
 */
import {
  incrementalAlterConfigsRequest as request,
  incrementalAlterConfigsResponse as response,
} from '../../wire/messages/44-incremental-alter-configs.ts';
import { onConfigsOf } from '../access.ts';
import { defineApi } from '../api.ts';
import { partByRules, type Refusal } from '../rules/stream-rules.ts';
import { refusedConfig } from '../rules/topic-configs.ts';
import { errorCodes } from '../../wire/errors.ts';

const topicResource = 2;
const setOperation = 0;
const deleteOperation = 1;
const appendOperation = 2;

type Resource = {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly {
    readonly name: string;
    readonly configOperation: number;
    readonly value: string | null;
  }[];
};

export const incrementalAlterConfigs = defineApi({
  request,
  response,
  deviations: [
    'Streams made by CreateStream: POLICY_VIOLATION for configs that their rules forbid.',
  ],
  touches: ({ resources }) => onConfigsOf('AlterConfigs', resources),
  async onRequest(asked, { streams }) {
    const parted = await partByRules(
      streams,
      asked.resources,
      ({ resourceType, resourceName }) =>
        resourceType === topicResource ? resourceName : undefined,
      refusalOf,
    );
    if (parted.refused.length === 0) return 'relay';
    const refused = parted.refused.map(responseOf);
    if (parted.passed.length === 0) return { answer: { responses: refused } };
    return { relay: { ...asked, resources: parted.passed }, note: refused };
  },
  onResponse(answer, { streams }, refused) {
    for (const { resourceName } of answer.responses) streams.forget(resourceName);
    if (refused === undefined) return undefined;
    return { ...answer, responses: [...answer.responses, ...refused] };
  },
});

function refusalOf({ configs }: Resource): string | undefined {
  for (const { name, configOperation, value } of configs) {
    const message = refusedChange(name, configOperation, value);
    if (message !== undefined) return message;
  }
  return undefined;
}

function refusedChange(name: string, operation: number, value: string | null): string | undefined {
  if (operation === setOperation || operation === appendOperation)
    return refusedConfig(name, value);
  return operation === deleteOperation ? refusedConfig(name, null) : undefined;
}

function responseOf({ item, message }: Refusal<Resource>) {
  const { resourceType, resourceName } = item;
  return {
    resourceType,
    resourceName,
    errorCode: errorCodes.POLICY_VIOLATION,
    errorMessage: message,
  };
}
