/**
 * The settings of share groups, within the bounds that brokers set. Source: the Kafka
 * documentation, "Group Configs" and "Broker Configs" (group.share.*); KIP-932, "Configuration".
 */
import { GatewayError } from '../../src/domain/errors.ts';
import type { ShareTerms } from '../../src/ports/share-log.ts';
import { untilDefined } from '../../src/runtime/retry.ts';
import { errorCodes } from '../../src/wire/errors.ts';
import {
  describeConfigsRequest,
  describeConfigsResponse,
} from '../../src/wire/messages/32-describe-configs.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/wire/messages/44-incremental-alter-configs.ts';
import type { Cluster } from './cluster.ts';
import { errorOf } from './error-kinds.ts';

const describeApi = { request: describeConfigsRequest, response: describeConfigsResponse };
const alterApi = {
  request: incrementalAlterConfigsRequest,
  response: incrementalAlterConfigsResponse,
};
const brokerResource = 4;
const groupResource = 32;
const setOperation = 0;
const deleteOperation = 1;
/** How long a broker may take to show a change that the controller has confirmed. */
const shownPatience = { everyMs: 20, waitMsMax: 10_000 };

const lockName = 'share.record.lock.duration.ms';
const deliveriesName = 'share.delivery.count.limit';
const windowName = 'share.partition.max.record.locks';
const lockMinName = 'group.share.min.record.lock.duration.ms';
const lockMaxName = 'group.share.max.record.lock.duration.ms';
const deliveriesMaxName = 'group.share.max.delivery.count.limit';
const windowMaxName = 'group.share.max.partition.max.record.locks';

/** The same for every group: nothing is missed, and nothing of aborted transactions delivered. */
const fixedSettings = {
  'share.auto.offset.reset': 'earliest',
  'share.isolation.level': 'read_committed',
};
const settingNames = [...Object.keys(fixedSettings), lockName, deliveriesName, windowName];

type Values = ReadonlyMap<string, { readonly value: string | null; readonly source: number }>;
/** The value was set on the group itself. */
const groupSource = 8;

export class ShareSettings {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Errors: `access-denied`, `unavailable`. */
  async set(groupId: string, { lockMs }: { readonly lockMs: number }): Promise<ShareTerms> {
    const names = [lockMinName, lockMaxName, deliveriesMaxName, windowMaxName];
    const bounds = await this.#brokerSettings(names);
    const terms = {
      lockMs: Math.min(
        Math.max(lockMs, numberOf(bounds, lockMinName)),
        numberOf(bounds, lockMaxName),
      ),
      deliveriesMax: numberOf(bounds, deliveriesMaxName),
      windowMax: numberOf(bounds, windowMaxName),
    };
    const values = {
      ...fixedSettings,
      [lockName]: String(terms.lockMs),
      [deliveriesName]: String(terms.deliveriesMax),
      [windowName]: String(terms.windowMax),
    };
    const configs = Object.entries(values).map(([name, value]) => ({ name, value }));
    await this.#alter(groupId, configs, setOperation);
    await this.#untilShown(groupId, (shown) =>
      configs.every(({ name, value }) => shown.get(name)?.value === value),
    );
    return terms;
  }

  /** Errors: `not-found` (nothing was set), `access-denied`, `unavailable`. */
  async of(groupId: string): Promise<ShareTerms> {
    const values = await this.#describe(groupResource, groupId, settingNames);
    if (!isSet(values)) throw new GatewayError('not-found', `there is no share group ${groupId}`);
    return {
      lockMs: numberOf(values, lockName),
      deliveriesMax: numberOf(values, deliveriesName),
      windowMax: numberOf(values, windowName),
    };
  }

  /** They outlive the group. */
  async remove(groupId: string): Promise<void> {
    const configs = settingNames.map((name) => ({ name, value: null }));
    await this.#alter(groupId, configs, deleteOperation);
    await this.#untilShown(groupId, (shown) => !isSet(shown));
  }

  async #brokerSettings(names: readonly string[]): Promise<Values> {
    if (this.#cluster.brokers.size === 0) await this.#cluster.refreshBrokers();
    const [nodeId] = this.#cluster.brokers.keys();
    return this.#describe(brokerResource, String(nodeId), names);
  }

  /** A broker's own settings are asked of the broker itself. */
  async #describe(type: number, name: string, names: readonly string[]): Promise<Values> {
    const resource = { resourceType: type, resourceName: name, configurationKeys: names };
    const request = { resources: [resource], includeSynonyms: false, includeDocumentation: false };
    const answer =
      type === brokerResource
        ? await this.#cluster.requestTo(Number(name), 'control', describeApi, request)
        : await this.#cluster.request(describeApi, request);
    const [result] = answer.results;
    if (result === undefined) throw new GatewayError('unavailable', 'an empty DescribeConfigs');
    if (result.errorCode !== errorCodes.NONE) {
      throw errorOf(result.errorCode, `describe configs of ${name}`, result.errorMessage);
    }
    return new Map(
      result.configs.map(({ name: key, value, configSource }) => [
        key,
        { value, source: configSource },
      ]),
    );
  }

  async #alter(
    groupId: string,
    configs: readonly { readonly name: string; readonly value: string | null }[],
    configOperation: number,
  ): Promise<void> {
    const answer = await this.#cluster.request(alterApi, {
      resources: [
        {
          resourceType: groupResource,
          resourceName: groupId,
          configs: configs.map((config) => ({ ...config, configOperation })),
        },
      ],
      validateOnly: false,
    });
    for (const { errorCode, errorMessage } of answer.responses) {
      if (errorCode === errorCodes.NONE) continue;
      throw errorOf(errorCode, `change configs of share group ${groupId}`, errorMessage);
    }
  }

  async #untilShown(groupId: string, isShown: (values: Values) => boolean): Promise<void> {
    const shown = await untilDefined(shownPatience, async () => {
      const values = await this.#describe(groupResource, groupId, settingNames);
      return isShown(values) ? true : undefined;
    });
    if (shown === true) return;
    throw new GatewayError('unavailable', `waited in vain for configs of share group ${groupId}`);
  }
}

function isSet(values: Values): boolean {
  return Object.keys(fixedSettings).every((name) => values.get(name)?.source === groupSource);
}

/** Brokers that have no share groups do not know these settings. */
function numberOf(values: Values, name: string): number {
  const value = Number(values.get(name)?.value ?? NaN);
  if (!Number.isNaN(value)) return value;
  throw new GatewayError('unavailable', `Kafka has no ${name}: queues need Kafka 4.2 or later`);
}
