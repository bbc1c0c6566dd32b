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
   * Begins a connection and calls `onConnected` when bytes may be sent; the socket tells by its
   * events how it ends. Where the transport allows it, what is read goes into the caller's
   * buffers; else it comes as `data` events.
   */
  dial(broker: BackingBroker, onread: OnReadOpts, onConnected: () => void): Socket;
  /** Absent where the gateway does not say who it is. */
  readonly login?: BrokerLogin | undefined;
};

/**
 * Says to a broker who the gateway is, and answers for how many ms that holds; 0 is for ever.
 * Errors: `access-denied` (the broker refuses, or is not who it should be), `unavailable`.
 */
export type BrokerLogin = (channel: LoginChannel) => Promise<number>;

/** One connection to a broker, as far as a login goes. Errors: `unavailable`. */
export type LoginChannel = {
  /** `host:port`, for messages. */
  readonly name: string;
  handshake(mechanism: string): Promise<{
    readonly errorCode: number;
    readonly mechanisms: readonly string[];
  }>;
  authenticate(authBytes: Buffer): Promise<{
    readonly errorCode: number;
    readonly errorMessage: string | null;
    readonly authBytes: Buffer;
    readonly sessionLifetimeMs: bigint;
  }>;
};
