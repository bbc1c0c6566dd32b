/**
 * The queues that a stream stores of itself. Source: "Quotas and limits for queues", Kinesis Data
 * Streams developer guide: a queue counts as a registered consumer.
 */
import { GatewayError } from '../errors.ts';
import { consumersMax, registeredCountOf, tooManyRegistered } from '../streams/consumers.ts';
import type { Stream } from '../streams/stream.ts';
import type { QueueRef } from './queue.ts';

export function queuesOf({ settings }: Stream): readonly QueueRef[] {
  return settings?.queues ?? [];
}

/**
 * The unchanged stream if it has this queue already. Errors: `limit-exceeded`; `in-use` if the
 * stream is being created or deleted; `policy-violation` if it is not on-demand.
 */
export function withQueue(stream: Stream, { id, name }: QueueRef, max = consumersMax): Stream {
  const queues = queuesOf(stream);
  if (queues.some((each) => each.id === id)) return stream;
  if (stream.status !== 'ACTIVE' && stream.status !== 'UPDATING') {
    throw new GatewayError('in-use', `stream ${stream.name} is ${stream.status}`);
  }
  if (stream.mode !== 'ON_DEMAND') {
    throw new GatewayError('policy-violation', `stream ${stream.name} is not on-demand`);
  }
  if (registeredCountOf(stream) >= max) throw tooManyRegistered(stream, max);
  const added = [...queues, { id, name }].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return { ...stream, settings: { ...stream.settings, queues: added } };
}

/** The unchanged stream if it has no such queue. */
export function withoutQueue(stream: Stream, id: string): Stream {
  const { queues = [], ...settings } = stream.settings ?? {};
  const kept = queues.filter((each) => each.id !== id);
  if (kept.length === queues.length) return stream;
  return { ...stream, settings: kept.length === 0 ? settings : { ...settings, queues: kept } };
}
