/** The brokers of the cluster, for the Kafka door to relay to. */
import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { BackingBroker, BackingBrokers } from '../../src/ports/backing-brokers.ts';
import type { Cluster } from './cluster.ts';

export class PlainBackingBrokers implements BackingBrokers {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async list(): Promise<readonly BackingBroker[]> {
    await this.#cluster.refreshBrokers();
    return [...this.#cluster.brokers].map(([nodeId, address]) => ({ nodeId, ...address }));
  }

  dial({ host, port }: BackingBroker, onread: OnReadOpts): Socket {
    return connect({ host, port, onread, noDelay: true });
  }
}
