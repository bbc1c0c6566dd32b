/**
 * The Kafka door's listeners. Either a port for each broker of the backing cluster, of which the
 * first is used for bootstrapping; or one TLS port, on which the host name selects the broker.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { Authorizer } from '../access/authorizer.ts';
import { GatewayError } from '../domain/errors.ts';
import type { GroupOffsets } from '../groups/group-offsets.ts';
import type { TransactionOffsets } from '../groups/transaction-offsets.ts';
import type { BackingBrokers } from './brokers/backing-brokers.ts';
import type { DoorObserver } from '../ports/observer.ts';
import type { KafkaApi, KafkaContext } from './api.ts';
import { kafkaApis } from './apis/index.ts';
import { type AdvertisedAddress, BrokerDirectory } from './brokers/directory.ts';
import { brokerHost, brokerOfHost } from './brokers/host-names.ts';
import { plannedPort, type PortPlan, unplannedPort } from './brokers/port-plan.ts';
import { EndingConnections, type EndingLimits } from './relay/connection-end.ts';
import { Relay, type RelaySettings } from './relay/relay.ts';
import type { ProduceGate } from './produce/gate.ts';
import type { ShardThrottling } from './rules/shard-throttling.ts';
import type { StreamRulesView } from './rules/stream-rules.ts';
import type { TopicNames } from './rules/topic-names.ts';

export type KafkaDoorSettings = {
  readonly host: string;
  /** The port of the first broker, 0 for any; further brokers get the following ports. */
  readonly port: number;
  /** Brokers in the order of their ports; if empty, the lowest id is the first. */
  readonly brokerIds: readonly number[];
  /** The host in the addresses that clients get. */
  readonly advertisedHost: string;
  /**
   * The port that clients get instead of `port`; those of further brokers move with it. 0 for the
   * same.
   */
  readonly advertisedPort: number;
  /** If present, only TLS connections are accepted. */
  readonly tls: KafkaDoorTls | undefined;
  readonly backing: BackingBrokers;
  readonly streams: StreamRulesView;
  readonly topicNames: TopicNames;
  readonly produce: ProduceGate;
  readonly groups: GroupOffsets;
  readonly transactions: TransactionOffsets;
  /** Undefined if shards have no limits. */
  readonly throttling: ShardThrottling | undefined;
  /** Every request passes it with the names of everything that it touches. */
  readonly authorizer: Authorizer;
  readonly observer: DoorObserver;
  readonly logger: Logger;
  readonly frameBytesMax: number;
  /** The total of connections that linger after their clients' data. */
  readonly ending: EndingLimits;
  /**
   * Whether records for streams with Kinesis rules wait for all in-sync replicas, whatever clients
   * ask.
   */
  readonly acks: 'all' | 'client';
  /**
   * If several processes share the ports: the broker of `port`, if ids are not declared. Then ports
   * are computed from ids alone.
   */
  readonly lowestBrokerId: number | undefined;
};

export type KafkaDoorTls = {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  /** The pattern, with `{id}`, of the brokers' host names, for one port for all brokers. */
  readonly brokerHost?: string | undefined;
};

/** Kafka's socket.request.max.bytes. */
export const frameBytesMax = 100 * 1024 * 1024;
/** The most connections of one gateway. */
const connectionsMax = 20_000;
/** How long requests in progress may take when the gateway stops. */
const drainMsMax = 3_000;
const drainCheckEveryMs = 20;
/** How often brokers with stand-ins are checked for their return. */
const standInCheckEveryMs = 1_000;
/** How many further ports are tried for one broker if other programs use some of them. */
const portTriesMax = 100;
const tlsHandshakeMsMax = 10_000;

export class KafkaDoor {
  readonly #settings: KafkaDoorSettings;
  readonly #servers: Server[] = [];
  /** Bound ports by broker. */
  readonly #ports = new Map<number, Promise<number>>();
  readonly #relays = new Set<Relay>();
  readonly #relaySettings: RelaySettings;
  readonly #directory: BrokerDirectory;
  #plan: PortPlan;
  #nextUnplanned = 0;
  /** The bound port, if there is one for all brokers. */
  #sharedPort = 0;
  #standInCheck: NodeJS.Timeout | undefined;

  constructor(settings: KafkaDoorSettings) {
    this.#settings = settings;
    const { backing, streams, topicNames, produce, groups, transactions } = settings;
    const { throttling, observer, logger, frameBytesMax: bytesMax, port, brokerIds } = settings;
    const apis = new Map<number, KafkaApi>(kafkaApis.map((api) => [api.key, api]));
    this.#plan = { first: port, declared: brokerIds, lowestId: 0 };
    this.#directory = new BrokerDirectory(backing, (nodeId) => this.#addressOf(nodeId));
    const context: KafkaContext = {
      brokers: this.#directory,
      clientsLogIn: backing.login === undefined,
      raisesAcks: settings.acks === 'all',
      ...{ streams, topicNames, produce, throttling, groups, transactions, logger, apis },
    };
    const { authorizer } = settings;
    const shared = { context, backing, authorizer, observer, logger };
    const ending = new EndingConnections(settings.ending);
    this.#relaySettings = { ...shared, apis, ending, frameBytesMax: bytesMax };
  }

  /**
   * Opens the ports and returns the first. Errors: `unavailable` (no broker responds), `in-use` (a
   * port is taken).
   */
  async start(): Promise<number> {
    const listed = await this.#settings.backing.list();
    const brokers = listed.toSorted((a, b) => a.nodeId - b.nodeId);
    const [first] = brokers;
    if (first === undefined) throw new GatewayError('unavailable', 'the cluster has no broker');
    this.#plan = { ...this.#plan, lowestId: this.#settings.lowestBrokerId ?? first.nodeId };
    this.#nextUnplanned = unplannedPort(this.#plan);
    this.#standInCheck = setInterval(() => {
      // If no broker responds, connections stay as they are.
      this.#endStandIns().catch(() => undefined);
    }, standInCheckEveryMs).unref();
    if (this.#settings.tls?.brokerHost !== undefined) {
      this.#sharedPort = await this.#openShared();
      return this.#sharedPort;
    }
    // Declared brokers get their ports before they are available.
    const declared = await Promise.all(
      this.#plan.declared.map((nodeId) => this.#open(nodeId, true)),
    );
    const advertised: AdvertisedAddress[] = [];
    for (const broker of brokers) advertised.push(await this.#directory.advertise(broker));
    return declared[0] ?? this.#boundPort(advertised[0]!.port);
  }

  /** Stops accepting connections, waits for requests in progress for a limited time, and closes. */
  async stop(): Promise<void> {
    clearInterval(this.#standInCheck);
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    await drain(this.#relays, this.#relays);
    await Promise.all(closed);
  }

  /**
   * A connection to a stand-in ends when the wanted broker is back: otherwise the client, which
   * takes the stand-in for that broker, would keep getting NOT_LEADER errors.
   */
  async #endStandIns(): Promise<void> {
    const standIns = [...this.#relays].filter(({ standsInFor }) => standsInFor !== undefined);
    if (standIns.length === 0) return;
    const up = await this.#directory.up();
    const over = standIns.filter(({ standsInFor }) => up.has(standsInFor!));
    if (over.length > 0) await drain(over, this.#relays);
  }

  /** The address of a broker for clients; its port is opened if it is not open yet. */
  async #addressOf(nodeId: number): Promise<AdvertisedAddress> {
    const { tls, advertisedHost } = this.#settings;
    if (tls?.brokerHost !== undefined) {
      const port = this.#settings.advertisedPort || this.#sharedPort;
      return { host: brokerHost(tls.brokerHost, nodeId), port };
    }
    const isDeclared = this.#plan.declared.includes(nodeId);
    const isFirst = this.#plan.declared.length === 0 && nodeId === this.#plan.lowestId;
    const bound = isDeclared ? await this.#ports.get(nodeId)! : await this.#open(nodeId, isFirst);
    return { host: advertisedHost, port: bound + this.#shift };
  }

  /** Converts bound ports to the advertised ones. */
  get #shift(): number {
    const { port, advertisedPort } = this.#settings;
    return advertisedPort === 0 || port === 0 ? 0 : advertisedPort - port;
  }

  #boundPort(advertised: number): number {
    return advertised - this.#shift;
  }

  /** Opens the port of one broker. `fixed`: it must be that port. */
  #open(nodeId: number, fixed: boolean): Promise<number> {
    const server = this.#serve(() => nodeId);
    const opened = this.#listen(server, plannedPort(this.#plan, nodeId), fixed);
    this.#ports.set(nodeId, opened);
    return opened;
  }

  async #listen(server: Server, planned: number | undefined, fixed: boolean): Promise<number> {
    const isShared = this.#settings.lowestBrokerId !== undefined;
    if (isShared && planned === undefined) {
      const message =
        'with --workers, ids of brokers that far apart are declared (--kafka-broker-ids)';
      throw new GatewayError('invalid-argument', message);
    }
    let wanted = planned ?? this.#nextUnplanned++;
    for (let tries = 0; ; tries++) {
      try {
        return await listen(server, this.#settings.host, wanted);
      } catch (error) {
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!taken || fixed || isShared || tries >= portTriesMax) throw portError(wanted, error);
      }
      // Another program uses it: this broker gets a free one.
      wanted = this.#nextUnplanned++;
    }
  }

  #openShared(): Promise<number> {
    const { host, port, tls } = this.#settings;
    const server = this.#serve((client) => {
      const name = (client as TLSSocket).servername;
      return brokerOfHost(tls!.brokerHost!, typeof name === 'string' ? name : '');
    });
    return listen(server, host, port).catch((error: unknown) => {
      throw portError(port, error);
    });
  }

  /**
   * A server that is not listening yet; `wantedBy` returns the broker that a client wants, if any.
   */
  #serve(wantedBy: (client: Socket) => number | undefined): Server {
    const accept = (client: Socket) => {
      const nodeId = wantedBy(client);
      const wanted = { nodeId, candidates: this.#directory.candidates(nodeId) };
      const relay = new Relay(client, wanted, this.#relaySettings);
      this.#relays.add(relay);
      relay.onClosed = () => this.#relays.delete(relay);
    };
    const { tls, observer } = this.#settings;
    const server =
      tls === undefined
        ? createServer({ noDelay: true, allowHalfOpen: true }, accept)
        : createTlsServer(
            {
              ...{ cert: tls.cert, key: tls.key, handshakeTimeout: tlsHandshakeMsMax },
              ...{ noDelay: true, allowHalfOpen: true },
            },
            accept,
          );
    server.on('tlsClientError', (_error: Error, client: Socket) => {
      observer.refused('tls-handshake');
      client.destroy();
    });
    server.maxConnections = connectionsMax;
    this.#servers.push(server);
    return server;
  }
}

/**
 * Waits for requests in progress on some of the connections for a limited time, and closes them.
 */
async function drain(some: Iterable<Relay>, relays: ReadonlySet<Relay>): Promise<void> {
  const giveUpAtMs = Date.now() + drainMsMax;
  let left = [...some];
  for (const relay of left) relay.quiesce();
  for (;;) {
    for (const relay of left) if (!relay.isBusy) relay.finish();
    left = left.filter((relay) => relays.has(relay));
    if (left.length === 0 || Date.now() > giveUpAtMs) break;
    await new Promise((resolve) => setTimeout(resolve, drainCheckEveryMs));
  }
  for (const relay of left) relay.abort();
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function portError(port: number, cause: unknown): GatewayError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GatewayError('in-use', `the Kafka port ${port} cannot be opened: ${why}`, { cause });
}
