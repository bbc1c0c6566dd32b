/**
 * The brokers of the cluster as this gateway has seen them, and the addresses that clients get for
 * them. Brokers come, go and move; what is known of them follows the answers that pass.
 */
import { GatewayError } from '../../domain/errors.ts';
import type { BackingBroker, BackingBrokers } from './backing-brokers.ts';

export type AdvertisedAddress = { readonly host: string; readonly port: number };

/** Brokers that one gateway stands for, at most. */
const brokersMax = 1_000;
/** Connections that fail together ask the cluster for its brokers once. */
const refreshEveryMs = 500;

/** Answers where clients reach a broker; opens its port where it has one of its own. */
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
   * The brokers to dial for a client that wants this one, each once: where it was seen last, then
   * where the cluster says it is now. While that is down, or gone for good, any other stands in,
   * so that who knows no other address finds the cluster; one that wants no broker in particular
   * (undefined) gets whichever is up. Errors: `unavailable` (no broker answers).
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
    // Beginning anywhere, so that clients that come together do not all go to one broker.
    const start = Math.floor(Math.random() * now.length);
    for (const broker of [...now.slice(start), ...now.slice(0, start)]) {
      if (isNew(broker)) yield broker;
    }
  }

  /**
   * The address that clients get for a broker, in place of its own. Kafka says node −1, or an
   * empty host, where there is no broker.
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

  /** The ids of those brokers that are up now. Errors: `unavailable`. */
  async up(): Promise<ReadonlySet<number>> {
    const brokers = await this.#refresh();
    return new Set(brokers.map(({ nodeId }) => nodeId));
  }

  #refresh(): Promise<readonly BackingBroker[]> {
    const nowMs = performance.now();
    if (nowMs - this.#refreshed.atMs < refreshEveryMs) return this.#refreshed.brokers;
    const brokers = this.#backing.list().then((listed) => {
      // One that is not up may be gone for good: nobody should wait for its address to answer.
      this.#brokers.clear();
      for (const broker of listed) this.#brokers.set(broker.nodeId, broker);
      return listed;
    });
    this.#refreshed = { atMs: nowMs, brokers };
    return brokers;
  }
}
