/**
 * The brokers of the cluster as this gateway has seen them, and the addresses that clients get for
 * them. Brokers appear, disappear and move; the directory follows the responses that pass through.
 */
import { GatewayError } from '../../domain/errors.ts';
import type { BackingBroker, BackingBrokers } from './backing-brokers.ts';

export type AdvertisedAddress = { readonly host: string; readonly port: number };

/** The most brokers that one gateway represents. */
const brokersMax = 1_000;
/** Connections that fail at the same time share one request for the cluster's brokers. */
const refreshEveryMs = 500;

/** Returns the address of a broker for clients; opens the broker's port if it has its own. */
export type AddressOf = (nodeId: number) => Promise<AdvertisedAddress>;

export class BrokerDirectory {
  readonly #backing: Pick<BackingBrokers, 'list'>;
  readonly #addressOf: AddressOf;
  readonly #brokers = new Map<number, BackingBroker>();
  readonly #addresses = new Map<number, Promise<AdvertisedAddress>>();
  #refreshed: { readonly atMs: number; readonly brokers: Promise<readonly BackingBroker[]> };

  constructor(backing: Pick<BackingBrokers, 'list'>, addressOf: AddressOf) {
    this.#backing = backing;
    this.#addressOf = addressOf;
    this.#refreshed = { atMs: -Infinity, brokers: Promise.resolve([]) };
  }

  /**
   * The brokers to connect to for a client that wants this one, each once: the last known address,
   * then the cluster's current one. While the broker is down or gone, any other broker stands in
   * for it, so that a client that knows only this address still finds the cluster; a client that
   * wants no particular broker (undefined) gets any available one. Errors: `unavailable` (no broker
   * responds).
   */
  async *candidates(nodeId: number | undefined): AsyncGenerator<BackingBroker, void> {
    const tried = new Set<string>();
    const isNew = ({ host, port }: BackingBroker) => {
      const address = `${host}:${port}`;
      return !tried.has(address) && tried.add(address) !== undefined;
    };
    const seen = nodeId === undefined ? undefined : this.#brokers.get(nodeId);
    if (seen !== undefined && isNew(seen)) yield seen;
    const now = await this.#refresh();
    const meant = now.find((broker) => broker.nodeId === nodeId);
    if (meant !== undefined && isNew(meant)) yield meant;
    // Starts at a random broker, so that clients that connect at the same time are distributed.
    const start = Math.floor(Math.random() * now.length);
    for (const broker of [...now.slice(start), ...now.slice(0, start)]) {
      if (isNew(broker)) yield broker;
    }
  }

  /**
   * The address that clients get for a broker, instead of its own. Kafka uses node −1, or an empty
   * host, if there is no broker.
   */
  async advertise(broker: BackingBroker): Promise<AdvertisedAddress> {
    const { nodeId, host, port } = broker;
    if (nodeId < 0 || host === '') return { host, port };
    this.#brokers.set(nodeId, broker);
    let address = this.#addresses.get(nodeId);
    if (address === undefined) {
      if (this.#addresses.size >= brokersMax) {
        throw new GatewayError('limit-exceeded', `more than ${brokersMax} brokers`);
      }
      address = this.#addressOf(nodeId);
      this.#addresses.set(nodeId, address);
      address.catch(() => this.#addresses.delete(nodeId));
    }
    return address;
  }

  /** Replaces the address in each of the nodes. */
  async advertiseAll<N extends BackingBroker>(nodes: readonly N[]): Promise<N[]> {
    return Promise.all(
      nodes.map(async (node) => {
        const { nodeId, host, port } = node;
        return { ...node, ...(await this.advertise({ nodeId, host, port })) };
      }),
    );
  }

  /** The ids of the brokers that are available now. Errors: `unavailable`. */
  async up(): Promise<ReadonlySet<number>> {
    const brokers = await this.#refresh();
    return new Set(brokers.map(({ nodeId }) => nodeId));
  }

  #refresh(): Promise<readonly BackingBroker[]> {
    const nowMs = performance.now();
    if (nowMs - this.#refreshed.atMs < refreshEveryMs) return this.#refreshed.brokers;
    const brokers = this.#backing.list().then((listed) => {
      // A broker that is not available may be gone forever: do not wait for its address to respond.
      this.#brokers.clear();
      for (const broker of listed) this.#brokers.set(broker.nodeId, broker);
      return listed;
    });
    this.#refreshed = { atMs: nowMs, brokers };
    return brokers;
  }
}
