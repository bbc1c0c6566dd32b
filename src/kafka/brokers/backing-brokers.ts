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
   * Opens a connection and calls `onConnected` once bytes may be sent; the socket's events report
   * its end. If the transport supports it, data is read into the caller's buffers; otherwise it is
   * delivered as `data` events.
   */
  dial(broker: BackingBroker, onread: OnReadOpts, onConnected: () => void): Socket;
  /** Absent if the gateway does not authenticate. */
  readonly login?: BrokerLogin | undefined;
};

/**
 * Authenticates the gateway with a broker, and returns the session lifetime in ms; 0 is unlimited.
 * Errors: `access-denied` (the broker refuses, or fails to prove its identity), `unavailable`.
 */
export type BrokerLogin = (channel: LoginChannel) => Promise<number>;

/** The part of a broker connection that authentication uses. Errors: `unavailable`. */
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
