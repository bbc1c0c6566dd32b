import type { OnReadOpts, Socket } from 'node:net';

export type BackingBroker = {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
};

/** The brokers that the Kafka door relays to. */
export type BackingBrokers = {
  /** Asks the cluster for its brokers now. Errors: `unavailable`. */
  list(): Promise<readonly BackingBroker[]>;
  /**
   * Begins a connection; the socket tells by its events how it went. Where the transport allows
   * it, what is read goes into the caller's buffers; else it comes as `data` events.
   */
  dial(broker: BackingBroker, onread: OnReadOpts): Socket;
};
