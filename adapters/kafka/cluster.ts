/**
 * The backing cluster, for the gateway's own requests: the leaders of partitions, and connections
 * to brokers, one for each purpose.
 */
import { GatewayError } from '../../src/domain/errors.ts';
import type { BrokerLogin } from '../../src/kafka/brokers/backing-brokers.ts';
import type { BackingObserver } from '../../src/ports/observer.ts';
import type { Decoded, Fields, Input } from '../../src/wire/message.ts';
import { metadataRequest, metadataResponse } from '../../src/wire/messages/03-metadata.ts';
import {
  type Api,
  type BrokerAddress,
  type Connect,
  Connection,
  type RequestOptions,
} from './connection.ts';
import { errorOf, isRetriable } from './error-kinds.ts';
import { connectBy } from './transport.ts';
import { errorCodes } from '../../src/wire/errors.ts';

/**
 * The purpose of a connection. Kafka serves one request per connection at a time, so puts and gets
 * have separate connections, so do verdicts on records of share groups, which wait for their
 * replication, and none shares one with requests that wait at the broker.
 */
export type Purpose = 'produce' | 'fetch' | 'share' | 'control';

export type ClusterSettings = {
  /** `host:port`, one or several. */
  readonly bootstrap: readonly BrokerAddress[];
  readonly clientId: string;
  /** Plain TCP where absent. */
  readonly connect?: Connect | undefined;
  readonly login?: BrokerLogin | undefined;
  readonly observer?: BackingObserver | undefined;
};

export type TopicMetadata = {
  readonly name: string;
  /** base64url, as Kafka prints it. */
  readonly topicId: string;
  readonly internal: boolean;
  /** The leader of each partition; −1 if there is none now. */
  readonly leaders: readonly number[];
  /** How often each partition has changed its leader. */
  readonly leaderEpochs: readonly number[];
  /** When this was requested, on the clock of `performance.now()`. */
  readonly askedAtMs: number;
};

/** How long a new topic may be unknown to a broker. */
export const propagationMsMax = 500;

/** The most connections per broker and purpose. */
const connectionsPerPurpose: Readonly<Record<Purpose, number>> = {
  produce: 1,
  fetch: 2,
  share: 4,
  control: 1,
};
/** The most idle connections that are kept for requests that wait, per broker. */
export const waitingConnectionsIdleMax = 128;

const metadataApi = { request: metadataRequest, response: metadataResponse };

type Slot = { connection: Promise<Connection>; open?: Connection };

export class Cluster {
  readonly #settings: ClusterSettings;
  readonly #connect: Connect;
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #refreshing = new Map<string, Promise<TopicMetadata>>();
  readonly #nodes = new Map<number, BrokerAddress>();
  #alive: ReadonlySet<number> = new Set();
  readonly #slots = new Map<string, Slot[]>();
  readonly #waiting = new Map<number, Connection[]>();
  #controllerId = -1;
  #bootstrapSlot: Slot | undefined;
  #turn = 0;
  #closed = false;

  constructor(settings: ClusterSettings) {
    this.#settings = settings;
    this.#connect = settings.connect ?? connectBy(undefined);
  }

  close(): void {
    this.#closed = true;
    const slots = [...this.#slots.values()].flat();
    if (this.#bootstrapSlot !== undefined) slots.push(this.#bootstrapSlot);
    for (const slot of slots) slot.connection.then((open) => open.close(), ignoreFailedOpen);
    for (const idle of this.#waiting.values()) for (const each of idle) each.close();
    this.#slots.clear();
    this.#waiting.clear();
  }

  /** The cached metadata of a topic; undefined if it was never requested. */
  known(topic: string): TopicMetadata | undefined {
    return this.#topics.get(topic);
  }

  /** Drops the cached metadata of a topic: it is requested again on next use. */
  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  /** Errors: `not-found`, `unavailable`. */
  async topic(name: string): Promise<TopicMetadata> {
    return this.#topics.get(name) ?? this.refresh(name);
  }

  /** Requests the metadata, one request at a time for each topic. Errors: as `topic`. */
  refresh(name: string): Promise<TopicMetadata> {
    const running = this.#refreshing.get(name);
    if (running !== undefined) return running;
    const refreshed = this.#fetchTopic(name).finally(() => this.#refreshing.delete(name));
    this.#refreshing.set(name, refreshed);
    return refreshed;
  }

  /** All topics of the cluster, including internal ones. */
  async topics(): Promise<readonly TopicMetadata[]> {
    return this.#metadata(null);
  }

  /** Requests the metadata of brokers only. */
  async refreshBrokers(): Promise<void> {
    await this.#metadata([]);
  }

  /** Sends a request to any broker. */
  async request<Q extends Fields, R extends Fields>(
    api: Api<Q, R>,
    value: Input<Q>,
    options?: RequestOptions,
  ): Promise<Decoded<R>> {
    const connection = await this.#anyBroker();
    return connection.request(api, value, options);
  }

  /** Sends a request to one broker. */
  async requestTo<Q extends Fields, R extends Fields>(
    nodeId: number,
    purpose: Purpose,
    api: Api<Q, R>,
    value: Input<Q>,
    options?: RequestOptions,
  ): Promise<Decoded<R>> {
    const open = this.openConnection(nodeId, purpose);
    if (open !== undefined) return open.request(api, value, options);
    const connection = await this.connection(nodeId, purpose);
    return connection.request(api, value, options);
  }

  /** An open connection, if there is one. */
  openConnection(nodeId: number, purpose: Purpose): Connection | undefined {
    const slots = this.#slots.get(`${nodeId} ${purpose}`);
    if (slots === undefined || slots.length < connectionsPerPurpose[purpose]) return undefined;
    const slot = slots[this.#turn++ % slots.length]!;
    return slot.open?.usable === true ? slot.open : undefined;
  }

  /** Calls with the same `lane` share a connection, as long as it is usable; others take turns. */
  connection(nodeId: number, purpose: Purpose, lane = this.#turn++): Promise<Connection> {
    const key = `${nodeId} ${purpose}`;
    let slots = this.#slots.get(key);
    if (slots === undefined) this.#slots.set(key, (slots = []));
    const index = lane % connectionsPerPurpose[purpose];
    const at = Math.min(index, slots.length);
    const slot = slots[at];
    if (slot !== undefined && (slot.open === undefined || slot.open.usable)) {
      return slot.connection;
    }
    return (slots[at] = this.#openSlot(() => this.open(nodeId))).connection;
  }

  /**
   * Runs one request that may wait at the broker on an exclusive connection, and keeps the
   * connection for the next such request. Aborting closes it.
   */
  async requestWaiting<Q extends Fields, R extends Fields>(
    nodeId: number,
    api: Api<Q, R>,
    value: Input<Q>,
    options: RequestOptions & { readonly signal?: AbortSignal | undefined },
  ): Promise<Decoded<R>> {
    return this.exclusively(nodeId, async (connection) => {
      const abort = () => connection.close();
      options.signal?.addEventListener('abort', abort, { once: true });
      try {
        options.signal?.throwIfAborted();
        return await connection.request(api, value, options);
      } finally {
        options.signal?.removeEventListener('abort', abort);
      }
    });
  }

  /** Lends a connection that nothing else uses meanwhile, and keeps it for the next such use. */
  async exclusively<T>(nodeId: number, use: (connection: Connection) => Promise<T>): Promise<T> {
    let idle = this.#waiting.get(nodeId);
    if (idle === undefined) this.#waiting.set(nodeId, (idle = []));
    let connection = idle.pop();
    while (connection?.usable === false) connection = idle.pop();
    connection ??= await this.open(nodeId);
    try {
      return await use(connection);
    } finally {
      if (connection.usable && idle.length < waitingConnectionsIdleMax && !this.#closed) {
        idle.push(connection);
      } else {
        connection.close();
      }
    }
  }

  /** The leader of a partition. Errors: `not-found`, `unavailable` (no leader now). */
  async leaderOf(topic: string, partition: number): Promise<number> {
    const { leaders } = await this.topic(topic);
    const leader = leaders[partition];
    if (leader === undefined) {
      throw new GatewayError('not-found', `${topic} has no partition ${partition}`);
    }
    if (leader < 0) {
      throw new GatewayError('unavailable', `partition ${partition} of ${topic} has no leader`);
    }
    return leader;
  }

  /** The broker for administrative requests; any broker of a KRaft cluster forwards them. */
  get controllerId(): number {
    return this.#controllerId;
  }

  /** Brokers by node id, from the latest metadata. */
  get brokers(): ReadonlyMap<number, BrokerAddress> {
    return new Map([...this.#nodes].filter(([nodeId]) => this.#alive.has(nodeId)));
  }

  async #fetchTopic(name: string): Promise<TopicMetadata> {
    try {
      const [topic] = await this.#metadata([name]);
      if (topic !== undefined) return topic;
    } catch (error) {
      this.#topics.delete(name);
      throw error;
    }
    throw new GatewayError('unavailable', `Kafka said nothing of topic ${name}`);
  }

  async #metadata(names: readonly string[] | null): Promise<readonly TopicMetadata[]> {
    const askedAtMs = performance.now();
    const answer = await this.request(metadataApi, {
      topics: names === null ? null : names.map((name) => ({ name })),
      allowAutoTopicCreation: false,
    });
    this.#controllerId = answer.controllerId;
    this.#noteNodes(answer.brokers);
    return answer.topics.flatMap(({ errorCode, name, topicId, isInternal, partitions }) => {
      if (name === null) return [];
      if (errorCode !== errorCodes.NONE && !isRetriable(errorCode)) {
        // One invalid topic must not hide the others.
        if (names === null) return [];
        throw errorOf(errorCode, `topic ${name}`);
      }
      if (errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) {
        this.#topics.delete(name);
        if (names === null) return [];
        throw new GatewayError('not-found', `Kafka has no topic ${name}`);
      }
      const leaders: number[] = [];
      const leaderEpochs: number[] = [];
      for (const { partitionIndex, leaderId, leaderEpoch } of partitions) {
        leaders[partitionIndex] = leaderId;
        leaderEpochs[partitionIndex] = leaderEpoch;
      }
      const of = { name, topicId, internal: isInternal };
      const topic: TopicMetadata = { ...of, leaders, leaderEpochs, askedAtMs };
      this.#topics.set(name, topic);
      return [topic];
    });
  }

  /** Addresses of brokers that are gone are kept as bootstrap addresses; they may come back. */
  #noteNodes(brokers: readonly (BrokerAddress & { readonly nodeId: number })[]): void {
    for (const { nodeId, host, port } of brokers) this.#noteNode(nodeId, { host, port });
    if (brokers.length > 0) this.#alive = new Set(brokers.map(({ nodeId }) => nodeId));
  }

  /** A broker that has moved keeps its id; connections to its old address are useless. */
  #noteNode(nodeId: number, address: BrokerAddress): void {
    const before = this.#nodes.get(nodeId);
    if (before?.host === address.host && before.port === address.port) return;
    this.#nodes.set(nodeId, address);
    for (const purpose of Object.keys(connectionsPerPurpose)) {
      const key = `${nodeId} ${purpose}`;
      for (const slot of this.#slots.get(key) ?? []) {
        slot.connection.then((open) => open.close(), ignoreFailedOpen);
      }
      this.#slots.delete(key);
    }
  }

  /** A further connection, which the caller closes. */
  async open(nodeId: number): Promise<Connection> {
    const address = this.#nodes.get(nodeId);
    if (address === undefined) {
      throw new GatewayError('unavailable', `broker ${nodeId} is not in the cluster's metadata`);
    }
    return this.#openAddress(address);
  }

  #openAddress(address: BrokerAddress): Promise<Connection> {
    if (this.#closed) throw new GatewayError('unavailable', 'the gateway is stopping');
    const { clientId, observer, login } = this.#settings;
    return Connection.open(address, { connect: this.#connect, clientId, observer, login });
  }

  #openSlot(open: () => Promise<Connection>): Slot {
    const slot: Slot = { connection: open() };
    slot.connection.then(
      (connection) => {
        slot.open = connection;
      },
      () => this.#dropSlot(slot),
    );
    return slot;
  }

  #dropSlot(slot: Slot): void {
    if (this.#bootstrapSlot === slot) this.#bootstrapSlot = undefined;
    for (const [key, slots] of this.#slots) {
      const rest = slots.filter((each) => each !== slot);
      if (rest.length !== slots.length) this.#slots.set(key, rest);
    }
  }

  /** Tries the last broker that responded, then the known ones and the bootstrap list in turn. */
  async #anyBroker(): Promise<Connection> {
    const slot = this.#bootstrapSlot;
    if (slot !== undefined && (slot.open === undefined || slot.open.usable)) {
      return slot.connection;
    }
    this.#bootstrapSlot = this.#openSlot(() => this.#openAny());
    return this.#bootstrapSlot.connection;
  }

  async #openAny(): Promise<Connection> {
    let last: unknown;
    const addresses = [...this.#settings.bootstrap, ...this.#nodes.values()];
    for (const address of addresses) {
      try {
        return await this.#openAddress(address);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }
}

/** The caller that opened it has received the failure; there is nothing left to close. */
function ignoreFailedOpen(): void {}
