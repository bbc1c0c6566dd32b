import type { Socket } from 'node:net';
import { type Session, sessionOfSocket } from '../../access/session.ts';

/** The session of all requests on a connection, until signatures are verified. */
export function sessionOf(socket: Socket): Session {
  return sessionOfSocket(socket, 'aws');
}
