/**
 * Where a call comes from: who makes it, and over which connection. Both doors give every call
 * one; authorization decides by it, and an audit log shows it.
 */

/** Nobody has to prove an identity yet, so that every caller is the same. */
export type Principal = { readonly kind: 'anonymous' };

export const anonymous: Principal = { kind: 'anonymous' };

/** The port of the gateway that a connection came in by. */
export type Listener = {
  readonly door: 'aws' | 'kafka';
  readonly port: number;
  /** Whether the connection is inside TLS. */
  readonly isEncrypted: boolean;
};

export type Session = {
  readonly principal: Principal;
  /** Address of the other end of the connection, of the socket itself; '' where it is gone. */
  readonly peer: string;
  readonly listener: Listener;
};
