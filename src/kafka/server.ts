/**
 * The Kafka door's listeners: a port for each broker of the backing cluster. The first port stands
 * for the first broker and is the one to bootstrap from.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { GatewayError } from '../errors.ts';
import type { GroupOffsets } from '../groups/group-offsets.ts';
import { TransactionOffsets } from '../groups/transaction-offsets.ts';
import type { BackingBroker, BackingBrokers } from '../ports/backing-brokers.ts';
import type { DoorObserver } from '../ports/observer.ts';
import type { KafkaApi, KafkaContext } from './api.ts';
import { kafkaApis } from './apis/index.ts';
import { BrokerDirectory } from './broker-directory.ts';
import { Relay, type RelaySettings } from './relay.ts';
import type { StreamRulesView } from './stream-rules-view.ts';

export type KafkaDoorSettings = {
  readonly host: string;
  /** Port of the first broker, 0 for any; further brokers get the ports that follow. */
  readonly port: number;
  /** Host in the addresses that clients get. */
  readonly advertisedHost: string;
  readonly backing: BackingBrokers;
  readonly streams: StreamRulesView;
  /** Absent where groups have no lease tables. */
  readonly groups?: GroupOffsets;
  readonly observer: DoorObserver;
  readonly logger: Logger;
  readonly frameBytesMax?: number;
};

/** As Kafka's socket.request.max.bytes. */
const frameBytesDefault = 100 * 1024 * 1024;
/** Connections of one gateway. */
const connectionsMax = 20_000;
/** Requests under way get this long when the gateway stops. */
const drainMsMax = 3_000;
const drainCheckEveryMs = 20;
/** Ports after the first that are tried for one broker, when others hold some of them. */
const portTriesMax = 100;

export class KafkaDoor {
  readonly #settings: KafkaDoorSettings;
  readonly #servers: Server[] = [];
  readonly #relays = new Set<Relay>();
  readonly #relaySettings: RelaySettings;
  readonly #directory: BrokerDirectory;
  #nextPort = 0;

  constructor(settings: KafkaDoorSettings) {
    this.#settings = settings;
    const { advertisedHost, backing, streams, observer, logger } = settings;
    const apis = new Map<number, KafkaApi>(kafkaApis.map((api) => [api.key, api]));
    this.#directory = new BrokerDirectory(advertisedHost, (broker) => this.#open(broker));
    const context: KafkaContext = {
      brokers: this.#directory,
      streams,
      groups: settings.groups,
      transactions: new TransactionOffsets(),
      logger,
      apis,
    };
    const frameBytesMax = settings.frameBytesMax ?? frameBytesDefault;
    this.#relaySettings = { apis, context, backing, observer, logger, frameBytesMax };
  }

  /**
   * Opens a port for every broker of the cluster and answers the first. Errors: `unavailable`
   * (no broker answers), `in-use` (the port is taken).
   */
  async start(): Promise<number> {
    const brokers = [...(await this.#settings.backing.list())];
    brokers.sort((a, b) => a.nodeId - b.nodeId);
    this.#nextPort = this.#settings.port;
    let first: number | undefined;
    for (const broker of brokers) {
      const { port } = await this.#directory.advertise(broker);
      first ??= port;
    }
    if (first === undefined) throw new GatewayError('unavailable', 'the cluster has no broker');
    return first;
  }

  /** Stops accepting, lets what is under way finish for a while, and closes. */
  async stop(): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    const giveUpAtMs = Date.now() + drainMsMax;
    for (const relay of this.#relays) {
      if (relay.callsInFlight === 0) relay.close();
      else relay.quiesce();
    }
    while (this.#relays.size > 0 && Date.now() < giveUpAtMs) {
      await new Promise((resolve) => setTimeout(resolve, drainCheckEveryMs));
      for (const relay of this.#relays) if (relay.callsInFlight === 0) relay.close();
    }
    for (const relay of this.#relays) relay.close();
    await Promise.all(closed);
  }

  async #open(broker: BackingBroker): Promise<number> {
    const { host, port } = this.#settings;
    const isFirst = this.#servers.length === 0;
    const server = createServer({ noDelay: true }, (client) => {
      this.#accept(client, this.#directory.backing(broker.nodeId) ?? broker);
    });
    server.maxConnections = connectionsMax;
    this.#servers.push(server);
    // The first port is a promise to users; those of further brokers are told by Metadata.
    for (let tries = 0; ; tries++) {
      const wanted = port === 0 ? 0 : this.#nextPort++;
      try {
        return await listen(server, host, wanted);
      } catch (error) {
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!taken || isFirst || tries >= portTriesMax) throw portError(wanted, error);
      }
    }
  }

  #accept(client: Socket, broker: BackingBroker): void {
    const relay = new Relay(client, broker, this.#relaySettings);
    this.#relays.add(relay);
    relay.onClosed = () => this.#relays.delete(relay);
  }
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
