/**
 * Registered consumers of a stream (enhanced fan-out), and their pure transitions. Source:
 * RegisterStreamConsumer of the Kinesis API reference; "Quotas and limits".
 */
import { GatewayError } from '../errors.ts';
import type { Consumer, Stream } from './stream.ts';

export type ConsumerStatus = 'CREATING' | 'ACTIVE';

export const consumersMax = 20;
/** For an on-demand stream of an account with a commitment: On-demand Advantage. */
export const consumersAdvantageMax = 50;
export const consumersCreatingMax = 5;
/**
 * A consumer can be subscribed to as soon as it exists; the state is there for clients that wait
 * for it.
 */
export const consumerCreationMs = 500;

/** A function of time, so a gateway that dies leaves no half-created consumer. */
export function consumerStatusAt({ createdAtMs }: Consumer, nowMs: number): ConsumerStatus {
  return nowMs - createdAtMs < consumerCreationMs ? 'CREATING' : 'ACTIVE';
}

export function consumerNamed({ consumers }: Stream, name: string): Consumer | undefined {
  return consumers.find((each) => each.name === name);
}

export function createdAtSecondsOf({ createdAtMs }: Consumer): number {
  return Math.floor(createdAtMs / 1000);
}

/** Queues count as registered consumers, says their page of quotas. */
export function registeredCountOf({ consumers, settings }: Stream): number {
  return consumers.length + (settings?.queues?.length ?? 0);
}

export function tooManyRegistered({ name, settings }: Stream, max: number): GatewayError {
  const queues = settings?.queues?.length ?? 0;
  const which = queues === 0 ? '' : `, of which ${queues} are queues`;
  return new GatewayError(
    'limit-exceeded',
    `Stream ${name} already has ${max} registered consumers${which}.`,
  );
}

/** Errors: `in-use` (the name is taken), `limit-exceeded`. */
export function withConsumer(
  stream: Stream,
  name: string,
  tags: Consumer['tags'],
  nowMs: number,
  max = consumersMax,
): Stream {
  const { consumers } = stream;
  if (consumerNamed(stream, name) !== undefined) {
    throw new GatewayError('in-use', `Consumer ${name} of stream ${stream.name} already exists.`);
  }
  if (registeredCountOf(stream) >= max) throw tooManyRegistered(stream, max);
  const creating = consumers.filter((each) => consumerStatusAt(each, nowMs) === 'CREATING');
  if (creating.length >= consumersCreatingMax) {
    throw new GatewayError(
      'limit-exceeded',
      `Stream ${stream.name} already has ${consumersCreatingMax} consumers in CREATING status.`,
    );
  }
  const added = [...consumers, { name, createdAtMs: nowMs, tags }];
  return {
    ...stream,
    consumers: added.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
  };
}

/** The unchanged stream if it has no such consumer. */
export function withoutConsumer(stream: Stream, consumer: Consumer): Stream {
  const consumers = stream.consumers.filter(
    ({ name, createdAtMs }) => name !== consumer.name || createdAtMs !== consumer.createdAtMs,
  );
  return consumers.length === stream.consumers.length ? stream : { ...stream, consumers };
}
