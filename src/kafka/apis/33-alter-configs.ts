/**
 * AlterConfigs: sets all configs of a resource; omitted ones get Kafka's default. Refused for
 * streams with Kinesis rules where it would break them. Source: KIP-133.
 */
import {
  alterConfigsRequest as request,
  alterConfigsResponse as response,
} from '../../wire/messages/33-alter-configs.ts';
import { onConfigsOf } from '../access.ts';
import { defineApi } from '../api.ts';
import { partByRules, type Refusal } from '../rules/stream-rules.ts';
import { refusedConfig } from '../rules/topic-configs.ts';
import { errorCodes } from '../../wire/errors.ts';

const topicResource = 2;

type Resource = {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
};

export const alterConfigs = defineApi({
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

/** Configs that are not named are reset, including message.timestamp.type. */
function refusalOf({ configs }: Resource): string | undefined {
  const named = new Map(configs.map(({ name, value }) => [name, value]));
  if (!named.has('message.timestamp.type')) named.set('message.timestamp.type', null);
  return [...named].map(([name, value]) => refusedConfig(name, value)).find(isMessage);
}

function isMessage(message: string | undefined): message is string {
  return message !== undefined;
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
