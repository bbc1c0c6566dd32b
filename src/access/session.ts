/**
 * Where a call comes from: the caller and the connection. Every call on either door has a session;
 * authorization decides by it, and an audit log shows it.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** No caller has to prove an identity yet, so all callers are the same principal. */
export type Principal = { readonly kind: 'anonymous' };

export const anonymous: Principal = { kind: 'anonymous' };

/** The port of the gateway on which a connection was accepted. */
export type Listener = {
  readonly door: 'aws' | 'kafka';
  readonly port: number;
  /** Whether the connection uses TLS. */
  readonly isEncrypted: boolean;
};

export type Session = {
  readonly principal: Principal;
  /** The remote address of the socket; '' once the socket is closed. */
  readonly peer: string;
  readonly listener: Listener;
};

/** Of everything that comes by a connection, until its client proves who it is. */
export function sessionOfSocket(socket: Socket, door: Listener['door']): Session {
  return {
    principal: anonymous,
    peer: socket.remoteAddress ?? '',
    listener: {
      door,
      port: socket.localPort ?? 0,
      isEncrypted: (socket as Partial<TLSSocket>).encrypted === true,
    },
  };
}
