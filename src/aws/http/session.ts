import type { Socket } from 'node:net';
import { type Session, sessionOfSocket } from '../../access/session.ts';

/** Of everything that comes by a connection, until a signature says more. */
export function sessionOf(socket: Socket): Session {
  return sessionOfSocket(socket, 'aws');
}
