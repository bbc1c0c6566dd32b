/** The brokers of the cluster, for the Kafka door to relay to. */
import type { OnReadOpts, Socket } from 'node:net';
import type {
  BackingBroker,
  BackingBrokers,
  BrokerLogin,
} from '../../src/kafka/brokers/backing-brokers.ts';
import type { Cluster } from './cluster.ts';
import { dial, type TlsSettings } from './transport.ts';

export class ClusterBrokers implements BackingBrokers {
  readonly #cluster: Cluster;
  readonly #tls: TlsSettings | undefined;
  /** Absent where clients log in to brokers themselves, through the door. */
  readonly login: BrokerLogin | undefined;

  constructor(
    cluster: Cluster,
    security: { readonly tls?: TlsSettings | undefined; readonly login?: BrokerLogin | undefined },
  ) {
    this.#cluster = cluster;
    this.#tls = security.tls;
    this.login = security.login;
  }

  async list(): Promise<readonly BackingBroker[]> {
    await this.#cluster.refreshBrokers();
    return [...this.#cluster.brokers].map(([nodeId, address]) => ({ nodeId, ...address }));
  }

  dial(broker: BackingBroker, onread: OnReadOpts, onConnected: () => void): Socket {
    return dial(broker, this.#tls, onConnected, onread);
  }
}
