/** Of everything that comes by a connection of the Kafka door, until a login says more. */
import type { Socket } from 'node:net';
import { type Session, sessionOfSocket } from '../access/session.ts';
import { FetchSession } from './rules/fetch-session.ts';

export type KafkaSession = Session & {
  /** What consumers of this connection read. */
  readonly fetched: FetchSession;
  /** What consumers of share groups read. */
  readonly fetchedShares: FetchSession;
};

export function sessionOf(client: Socket): KafkaSession {
  return {
    ...sessionOfSocket(client, 'kafka'),
    fetched: new FetchSession(),
    fetchedShares: new FetchSession(),
  };
}
