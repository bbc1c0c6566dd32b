/**
 * Which of the gateway's ports stands for which broker of the cluster. Clients reach every broker
 * through a port of its own; the first is also the bootstrap port.
 */
import { GatewayError } from '../errors.ts';
import type { BackingBroker } from '../ports/backing-brokers.ts';

export type AdvertisedAddress = { readonly host: string; readonly port: number };

/** Brokers that one gateway stands for, at most. */
const brokersMax = 1_000;

/** Opens the port for a broker and answers which one it is. */
export type OpenPort = (broker: BackingBroker) => Promise<number>;

export class BrokerDirectory {
  readonly #advertisedHost: string;
  readonly #openPort: OpenPort;
  readonly #brokers = new Map<number, BackingBroker>();
  readonly #ports = new Map<number, Promise<number>>();

  constructor(advertisedHost: string, openPort: OpenPort) {
    this.#advertisedHost = advertisedHost;
    this.#openPort = openPort;
  }

  /** Where the broker itself is now; undefined for one that was never seen. */
  backing(nodeId: number): BackingBroker | undefined {
    return this.#brokers.get(nodeId);
  }

  get nodeIds(): readonly number[] {
    return [...this.#brokers.keys()];
  }

  /**
   * The address that clients get for a broker, in place of its own. A broker that was not seen
   * before gets a port. Kafka says node −1, or an empty host, where there is no broker.
   */
  async advertise(broker: BackingBroker): Promise<AdvertisedAddress> {
    const { nodeId, host, port } = broker;
    if (nodeId < 0 || host === '') return { host, port };
    this.#brokers.set(nodeId, broker);
    let opened = this.#ports.get(nodeId);
    if (opened === undefined) {
      if (this.#ports.size >= brokersMax) {
        throw new GatewayError('limit-exceeded', `more than ${brokersMax} brokers`);
      }
      opened = this.#openPort(broker);
      this.#ports.set(nodeId, opened);
      opened.catch(() => this.#ports.delete(nodeId));
    }
    return { host: this.#advertisedHost, port: await opened };
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
}
