import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { anonymous, type Session } from '../../access/session.ts';

/** Of everything that comes by a connection, until a signature says more. */
export function sessionOf(socket: Socket): Session {
  return {
    principal: anonymous,
    peer: socket.remoteAddress ?? '',
    listener: {
      door: 'aws',
      port: socket.localPort ?? 0,
      isEncrypted: (socket as Partial<TLSSocket>).encrypted === true,
    },
  };
}
