/**
 * The LogAdministration port: topics of the backing cluster. kafkajs makes and grows topics and
 * reads configs; what names a topic by its id, or changes one config and leaves the others, goes
 * over the gateway's own connection, because kafkajs has neither.
 */
import type { Admin } from 'kafkajs';
import type { Logger } from 'pino';
import { GatewayError, isGatewayError } from '../../src/errors.ts';
import type {
  LogAdministration,
  LogDescription,
  LogSettings,
} from '../../src/ports/log-administration.ts';
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../src/wire/messages/20-delete-topics.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/wire/messages/44-incremental-alter-configs.ts';
import type { Cluster, TopicMetadata } from './cluster.ts';
import type { BrokerAddress } from './connection.ts';
import { errorOf, noError, unknownTopicOrPartition } from './error-codes.ts';
import { type ClusterSecurity, noSecurity } from './security.ts';

const deleteTopicsApi = { request: deleteTopicsRequest, response: deleteTopicsResponse };
const alterConfigsApi = {
  request: incrementalAlterConfigsRequest,
  response: incrementalAlterConfigsResponse,
};
const illegalSaslState = 34;
const unknownTopicId = 100;
const topicResource = 2;
const setOperation = 0;

/** Kinesis cannot name longer ones; Kafka allows 249. */
const nameCharactersMax = 128;
/** Framing of a batch, and headers, on top of the key and data of a largest record. */
const recordFramingBytes = 4096;
const replicasMax = 3;
const operationTimeoutMs = 30_000;
const connectTimeoutMs = 1_000;
/** kafkajs logs in again when less than this is left of a session. */
const reauthenticateMs = 2_000;
const retriesMax = 3;
const retryDelayMs = 100;
const retryDelayMsMax = 1_000;
const settleMsMax = 10_000;
const settleCheckMs = 20;

export class KafkaAdministration implements LogAdministration {
  readonly #cluster: Cluster;
  readonly #bootstrap: readonly BrokerAddress[];
  readonly #logger: Logger;
  readonly #security: ClusterSecurity['kafkajs'];
  #admin: Promise<Admin> | undefined;

  constructor(
    cluster: Cluster,
    bootstrap: readonly BrokerAddress[],
    logger: Logger,
    { kafkajs }: Pick<ClusterSecurity, 'kafkajs'> = noSecurity,
  ) {
    this.#cluster = cluster;
    this.#bootstrap = bootstrap;
    this.#logger = logger;
    this.#security = kafkajs;
  }

  async stop(): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined);
    this.#admin = undefined;
    await admin?.disconnect();
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
      // A name that no topic can have is one that no topic has.
      if (kind === 'not-found' || kind === 'invalid-argument') return undefined;
      throw error;
    }
  }

  async create(
    name: string,
    partitionCount: number,
    settings: LogSettings,
  ): Promise<LogDescription> {
    const made = await this.#run(`create topic ${name}`, async (admin) => {
      const { brokers } = await admin.describeCluster();
      const replicationFactor = Math.min(replicasMax, brokers.length);
      const configs = { ...topicConfigs(settings), ...streamConfigs };
      if (replicationFactor === replicasMax) {
        Object.assign(configs, { 'min.insync.replicas': '2' });
      }
      const configEntries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
      return admin.createTopics({
        timeout: operationTimeoutMs,
        waitForLeaders: false,
        topics: [{ topic: name, numPartitions: partitionCount, replicationFactor, configEntries }],
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
    const code = answer.responses[0]?.errorCode ?? noError;
    const isGone = code === unknownTopicId || code === unknownTopicOrPartition;
    if (code !== noError && !isGone) {
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
      await this.#run(`grow topic ${name}`, (admin) =>
        admin.createPartitions({
          timeout: operationTimeoutMs,
          topicPartitions: [{ topic: name, count: partitionCount }],
        }),
      );
    } catch (error) {
      // Kafka refuses what another gateway, which took the work over, has asked for meanwhile.
      if (!isGatewayError(error, 'invalid-argument')) throw error;
      if ((await this.#existing(name)).partitionCount < partitionCount) throw error;
    }
    await this.#settled(name, partitionCount);
  }

  async settings(name: string): Promise<LogSettings> {
    const { resources } = await this.#run(`describe configs of ${name}`, (admin) =>
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
    if (result !== undefined && result.errorCode !== noError) {
      throw errorOf(result.errorCode, `change configs of ${name}`, result.errorMessage);
    }
    // Kafka answers when the change is in its metadata log, a moment before brokers show it.
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
    const giveUpAtMs = Date.now() + settleMsMax;
    while (!(await isSo())) {
      if (Date.now() > giveUpAtMs) {
        throw new GatewayError('unavailable', `waited ${settleMsMax} ms for ${what}`);
      }
      await new Promise((resolve) => setTimeout(resolve, settleCheckMs));
    }
  }

  async #run<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#connected());
    } catch (error) {
      if (!isSessionOver(error)) throw asGatewayError(what, error);
    }
    // kafkajs lost its place in a login that came due under requests; nothing was done.
    await this.stop();
    try {
      return await work(await this.#connected());
    } catch (error) {
      throw asGatewayError(what, error);
    }
  }

  /** A client that was connected once connects again by itself; a first attempt does not. */
  #connected(): Promise<Admin> {
    if (this.#admin !== undefined) return this.#admin;
    const connecting = this.#connect();
    this.#admin = connecting;
    connecting.catch(() => (this.#admin = undefined));
    return connecting;
  }

  async #connect(): Promise<Admin> {
    const { default: kafkajs } = await import('kafkajs');
    const logger = this.#logger.child({ library: 'kafkajs' });
    const kafka = new kafkajs.Kafka({
      ...this.#security,
      clientId: 'kineska-admin',
      brokers: this.#bootstrap.map(({ host, port }) => `${host}:${port}`),
      logLevel: kafkajs.logLevel.WARN,
      logCreator:
        () =>
        ({ log: { message, ...rest } }) =>
          logger.warn(rest, message),
      connectionTimeout: connectTimeoutMs,
      reauthenticationThreshold: reauthenticateMs,
      requestTimeout: operationTimeoutMs + settleMsMax,
      retry: { retries: retriesMax, initialRetryTime: retryDelayMs, maxRetryTime: retryDelayMsMax },
    });
    const admin = kafka.admin();
    try {
      await admin.connect();
    } catch (error) {
      // What came of the attempt would stay open, and keep the process alive.
      await admin.disconnect().catch(() => undefined);
      throw error;
    }
    return admin;
  }
}

/** A stream keeps its records for its time, whatever their size; clients delete none. */
const streamConfigs = { 'cleanup.policy': 'delete', 'retention.bytes': '-1' };

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
  return !internal && name.length <= nameCharactersMax;
}

function descriptionOf({ name, topicId, leaders }: TopicMetadata): LogDescription {
  return { name, logId: topicId, partitionCount: leaders.length };
}

function isSessionOver(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === illegalSaslState || (cause !== undefined && isSessionOver(cause));
}

function asGatewayError(what: string, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const causes = (error as { errors?: unknown[] }).errors;
  const cause = causes?.[0] ?? error;
  const code = (cause as { code?: unknown }).code;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (typeof code === 'number') return errorOf(code, what, message, error);
  const inner = (cause as { cause?: unknown }).cause;
  if (inner !== undefined) return asGatewayError(what, inner);
  return new GatewayError('unavailable', `${what}: ${message}`, { cause: error });
}
