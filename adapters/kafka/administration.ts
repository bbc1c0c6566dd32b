/**
 * The LogAdministration port: topics of the backing cluster. kafkajs creates topics, adds
 * partitions and reads configs. Requests that name a topic by id, or change single configs, use the
 * gateway's own connection, because kafkajs supports neither.
 */
import type { Logger } from 'pino';
import { GatewayError, isGatewayError } from '../../src/domain/errors.ts';
import { isStreamName } from '../../src/domain/streams/stream-names.ts';
import type {
  LogAdministration,
  LogDescription,
  LogSettings,
} from '../../src/ports/log-administration.ts';
import {
  createTopicsRequest,
  createTopicsResponse,
} from '../../src/wire/messages/19-create-topics.ts';
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../src/wire/messages/20-delete-topics.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/wire/messages/44-incremental-alter-configs.ts';
import { AdminClient, idleMsMax, operationTimeoutMs, settleMsMax } from './admin-client.ts';
import type { Cluster, TopicMetadata } from './cluster.ts';
import type { BrokerAddress } from './connection.ts';
import { errorOf } from './error-kinds.ts';
import { type ClusterSecurity, noSecurity } from './security.ts';
import { untilDefined } from '../../src/runtime/retry.ts';
import { errorCodes } from '../../src/wire/errors.ts';

const createTopicsApi = { request: createTopicsRequest, response: createTopicsResponse };
const deleteTopicsApi = { request: deleteTopicsRequest, response: deleteTopicsResponse };
const alterConfigsApi = {
  request: incrementalAlterConfigsRequest,
  response: incrementalAlterConfigsResponse,
};
const topicResource = 2;
const setOperation = 0;

/**
 * Space for the framing of a batch and for headers, beside the key and data of the largest record.
 */
const recordFramingBytes = 4096;
const replicasMax = 3;
const settleCheckMs = 20;

export class KafkaAdministration implements LogAdministration {
  readonly #cluster: Cluster;
  readonly #admin: AdminClient;

  constructor(
    cluster: Cluster,
    bootstrap: readonly BrokerAddress[],
    logger: Logger,
    { kafkajs: security }: Pick<ClusterSecurity, 'kafkajs'> = noSecurity,
  ) {
    this.#cluster = cluster;
    this.#admin = new AdminClient({ bootstrap, logger, security, idleMsMax });
  }

  stop(): Promise<void> {
    return this.#admin.stop();
  }

  async list(): Promise<readonly LogDescription[]> {
    const topics = await this.#cluster.topics();
    return topics.filter(isVisible).map(descriptionOf);
  }

  async describe(name: string): Promise<LogDescription | undefined> {
    try {
      const topic = await this.#cluster.refresh(name);
      return isVisible(topic) ? descriptionOf(topic) : undefined;
    } catch (error) {
      const kind = error instanceof GatewayError ? error.kind : 'internal';
      // An invalid topic name means that the topic does not exist.
      if (kind === 'not-found' || kind === 'invalid-argument') return undefined;
      throw error;
    }
  }

  async check(name: string, partitionCount: number, settings: LogSettings): Promise<void> {
    await this.#cluster.refreshBrokers();
    const { replicationFactor, configs } = layoutOf(settings, this.#cluster.brokers.size);
    const topic = { name, numPartitions: partitionCount, replicationFactor, configs };
    const answer = await this.#cluster.request(createTopicsApi, {
      topics: [{ ...topic, assignments: [] }],
      timeoutMs: operationTimeoutMs,
      validateOnly: true,
    });
    for (const { errorCode, errorMessage } of answer.topics) {
      if (errorCode === errorCodes.NONE) continue;
      throw errorOf(errorCode, `create topic ${name}`, errorMessage);
    }
  }

  async create(
    name: string,
    partitionCount: number,
    settings: LogSettings,
  ): Promise<LogDescription> {
    const made = await this.#admin.run(`create topic ${name}`, async (admin) => {
      const { brokers } = await admin.describeCluster();
      const { replicationFactor, configs } = layoutOf(settings, brokers.length);
      const topic = { topic: name, numPartitions: partitionCount, replicationFactor };
      return admin.createTopics({
        timeout: operationTimeoutMs,
        waitForLeaders: false,
        topics: [{ ...topic, configEntries: [...configs] }],
      });
    });
    if (!made) throw new GatewayError('in-use', `Kafka has a topic ${name} already`);
    return this.#settled(name, partitionCount);
  }

  async delete({ name, logId }: Pick<LogDescription, 'name' | 'logId'>): Promise<void> {
    const answer = await this.#cluster.request(deleteTopicsApi, {
      topics: [{ name: null, topicId: logId }],
      timeoutMs: operationTimeoutMs,
    });
    this.#cluster.forget(name);
    const code = answer.responses[0]?.errorCode ?? errorCodes.NONE;
    const isGone =
      code === errorCodes.UNKNOWN_TOPIC_ID || code === errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    if (code !== errorCodes.NONE && !isGone) {
      throw errorOf(code, `delete topic ${name}`, answer.responses[0]?.errorMessage);
    }
    await this.#until(`topic ${name} to go`, async () => {
      const topic = await this.describe(name);
      return topic?.logId !== logId;
    });
  }

  async grow(name: string, partitionCount: number): Promise<void> {
    const { partitionCount: before } = await this.#existing(name);
    if (before >= partitionCount) return;
    try {
      await this.#admin.run(`grow topic ${name}`, (admin) =>
        admin.createPartitions({
          timeout: operationTimeoutMs,
          topicPartitions: [{ topic: name, count: partitionCount }],
        }),
      );
    } catch (error) {
      // Kafka refuses it if another gateway, which took over the work, has done it meanwhile.
      if (!isGatewayError(error, 'invalid-argument')) throw error;
      // The topic may only be visible shortly after the refusal.
      const patience = { everyMs: settleCheckMs, waitMsMax: settleMsMax };
      const grown = await untilDefined(patience, async () => {
        const now = await this.#existing(name);
        return now.partitionCount < partitionCount ? undefined : now;
      });
      if (grown === undefined) throw error;
    }
    await this.#settled(name, partitionCount);
  }

  async settings(name: string): Promise<LogSettings> {
    const { resources } = await this.#admin.run(`describe configs of ${name}`, (admin) =>
      admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: topicResource, name, configNames: configNames }],
      }),
    );
    const entries = resources[0]?.configEntries ?? [];
    const values = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
    const numberOf = (config: string): number => {
      const value = Number(values.get(config) ?? NaN);
      if (!Number.isNaN(value)) return value;
      throw new GatewayError('unavailable', `Kafka did not tell ${config} of topic ${name}`);
    };
    return {
      retentionMs: numberOf('retention.ms'),
      recordBytesMax: Math.max(0, numberOf('max.message.bytes') - recordFramingBytes),
      arrivalTimestamps: values.get('message.timestamp.type') === 'LogAppendTime',
    };
  }

  async change(name: string, settings: Partial<LogSettings>): Promise<void> {
    const configs = Object.entries(topicConfigs(settings)).map(([key, value]) => ({
      name: key,
      configOperation: setOperation,
      value,
    }));
    const answer = await this.#cluster.request(alterConfigsApi, {
      resources: [{ resourceType: topicResource, resourceName: name, configs }],
      validateOnly: false,
    });
    const [result] = answer.responses;
    if (result !== undefined && result.errorCode !== errorCodes.NONE) {
      throw errorOf(result.errorCode, `change configs of ${name}`, result.errorMessage);
    }
    // Kafka responds when the change is in its metadata log, shortly before brokers show it.
    await this.#until(`configs of ${name} to change`, async () => {
      const now = topicConfigs(await this.settings(name)) as Record<string, string>;
      return configs.every(({ name: key, value }) => now[key] === value);
    });
  }

  async #existing(name: string): Promise<LogDescription> {
    const found = await this.describe(name);
    if (found === undefined) throw new GatewayError('not-found', `Kafka has no topic ${name}`);
    return found;
  }

  /** Waits until the metadata shows every partition with a leader. */
  async #settled(name: string, partitionCount: number): Promise<LogDescription> {
    await this.#until(`partitions of ${name} to have leaders`, async () => {
      await this.describe(name);
      const leaders = this.#cluster.known(name)?.leaders ?? [];
      return leaders.length >= partitionCount && leaders.every((leader) => leader >= 0);
    });
    return this.#existing(name);
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const patience = { everyMs: settleCheckMs, waitMsMax: settleMsMax };
    const seen = await untilDefined(patience, async () => ((await isSo()) ? true : undefined));
    if (seen === true) return;
    throw new GatewayError('unavailable', `waited ${settleMsMax} ms for ${what}`);
  }
}

/** A stream retains records by time, whatever their size; clients cannot delete records. */
const streamConfigs = { 'cleanup.policy': 'delete', 'retention.bytes': '-1' };

/** The replication settings of a stream's topic for this number of brokers. */
function layoutOf(settings: LogSettings, brokerCount: number) {
  const replicationFactor = Math.min(replicasMax, brokerCount);
  const values = {
    ...topicConfigs(settings),
    ...streamConfigs,
    ...(replicationFactor === replicasMax ? { 'min.insync.replicas': '2' } : {}),
  };
  const configs = Object.entries(values).map(([name, value]) => ({ name, value }));
  return { replicationFactor, configs };
}

const configNames = ['retention.ms', 'max.message.bytes', 'message.timestamp.type'];

function topicConfigs(settings: Partial<LogSettings>): Readonly<Record<string, string>> {
  const { retentionMs, recordBytesMax, arrivalTimestamps } = settings;
  return {
    ...(retentionMs === undefined ? {} : { 'retention.ms': String(retentionMs) }),
    ...(recordBytesMax === undefined
      ? {}
      : { 'max.message.bytes': String(recordBytesMax + recordFramingBytes) }),
    ...(arrivalTimestamps === undefined
      ? {}
      : { 'message.timestamp.type': arrivalTimestamps ? 'LogAppendTime' : 'CreateTime' }),
  };
}

function isVisible({ name, internal }: TopicMetadata): boolean {
  return !internal && isStreamName(name);
}

function descriptionOf({ name, topicId, leaders }: TopicMetadata): LogDescription {
  return { name, logId: topicId, partitionCount: leaders.length };
}
