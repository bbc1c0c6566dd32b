/** The session of all requests on a connection of the Kafka door, until clients authenticate. */
import type { Socket } from 'node:net';
import { type Session, sessionOfSocket } from '../access/session.ts';
import { FetchSession } from './rules/fetch-session.ts';

export type KafkaSession = Session & {
  /** The fetch session of this connection's consumer. */
  readonly fetched: FetchSession;
  /** The share sessions of this connection. */
  readonly fetchedShares: FetchSession;
};

export function sessionOf(client: Socket): KafkaSession {
  return {
    ...sessionOfSocket(client, 'kafka'),
    fetched: new FetchSession(),
    fetchedShares: new FetchSession(),
  };
}
