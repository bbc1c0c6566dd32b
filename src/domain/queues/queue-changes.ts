/** Pure transitions of queues. Source: CreateQueue, UpdateQueue of the Kinesis service model. */
import { GatewayError } from '../errors.ts';
import { retentionMsOf } from '../streams/stream-rules.ts';
import { type Offset, type Stream, toOffset } from '../streams/stream.ts';
import type { Queue, QueueAttributes, QueueStart } from './queue.ts';

export type NewQueue = Pick<Queue, 'name' | 'start' | 'attributes' | 'tags'>;

const hostLabelMax = 63;
const queueIdPattern = /^[a-zA-Z0-9-]{1,63}$/u;

/**
 * The id of a queue: its name, as far as that fits, and a suffix that makes it unique. SDKs send
 * calls to hosts that begin with the id, so they refuse one that is no label of a host name.
 */
export function queueIdOf(name: string, suffix: string): string {
  const label = name.replaceAll(/[^a-zA-Z0-9]+/gu, '-').replace(/^-/u, '');
  return `${label.slice(0, hostLabelMax - suffix.length - 1) || 'queue'}-${suffix}`;
}

/** Whether a queue may have this id: names of other groups can be empty, or long beyond any key. */
export function isQueueId(text: string): boolean {
  return queueIdPattern.test(text);
}

/** `firstOffsets`: where delivery from each shard of the stream begins. */
export function newQueue(
  request: NewQueue,
  id: string,
  stream: Stream,
  firstOffsets: readonly Offset[],
  nowMs: number,
): Queue {
  const { name, start, attributes, tags } = request;
  return {
    ...{ id, name, start, attributes, tags },
    stream: { name: stream.name, createdAtMs: stream.createdAtMs },
    status: 'CREATING',
    createdAtMs: nowMs,
    lockMs: 0,
    shardCount: 0,
    firstOffsets: firstOffsets.map(String),
    startsAtMs: startsAtMs(start, stream, nowMs),
    extends: false,
    version: 1,
  };
}

/** The effective start, which is no earlier than the stream can be read from. */
function startsAtMs(start: QueueStart, stream: Stream, nowMs: number): number {
  if (start.type === 'LATEST') return nowMs;
  const earliestMs = Math.max(stream.createdAtMs, nowMs - retentionMsOf(stream.retentionHours));
  return start.type === 'TRIM_HORIZON' ? earliestMs : Math.max(start.timestampMs, earliestMs);
}

/** The position that each shard of a new share group begins with. */
export function startsOf({ firstOffsets = [] }: Queue): ReadonlyMap<number, Offset> {
  return new Map(firstOffsets.map((text, index) => [index, toOffset(BigInt(text))]));
}

/** Records are locked in Kafka for this long at most; longer timeouts are kept in rows. */
const lockMsMax = 60_000;
/**
 * Kafka's lock is asked for this much longer than the visibility timeout, because it begins before
 * the record reaches its receiver.
 */
export const lockSlackMs = 1_000;

/** The lock that the share group is asked for, which the cluster grants within its bounds. */
export function wantedLockMs({ attributes }: Pick<Queue, 'attributes'>): number {
  return Math.min(attributes.visibilitySeconds * 1000, lockMsMax) + lockSlackMs;
}

/** The queue whose share group has been created with this lock. */
export function activated({ firstOffsets = [], ...queue }: Queue, lockMs: number): Queue {
  return { ...queue, status: 'ACTIVE', lockMs, shardCount: firstOffsets.length };
}

/** `receivesMax` undefined: records never become dead letters. Absent members stay. */
export type AttributeChanges = {
  readonly visibilitySeconds?: number;
  readonly receivesMax?: number | undefined;
};

/**
 * The queue with other attributes, UPDATING. Where the lock changes, it is 0 until all gateways and
 * brokers know the next one. Errors: `in-use` unless the queue is ACTIVE.
 */
export function updating(queue: Queue, changes: AttributeChanges): Queue {
  if (queue.status !== 'ACTIVE') {
    throw new GatewayError('in-use', `queue ${queue.id} is ${queue.status}`);
  }
  const attributes = attributesWith(queue.attributes, changes);
  const isSame = attributes.visibilitySeconds === queue.attributes.visibilitySeconds;
  return { ...queue, attributes, status: 'UPDATING', lockMs: isSame ? queue.lockMs : 0 };
}

export function attributesWith(
  attributes: QueueAttributes,
  changes: AttributeChanges,
): QueueAttributes {
  const { visibilitySeconds = attributes.visibilitySeconds } = changes;
  const { receivesMax } = 'receivesMax' in changes ? changes : attributes;
  return { visibilitySeconds, ...(receivesMax === undefined ? {} : { receivesMax }) };
}

/** The update is complete; `lockMs` if the lock has changed. */
export function updated(queue: Queue, lockMs = queue.lockMs): Queue {
  return { ...queue, status: 'ACTIVE', lockMs };
}

/** Deleting twice is no error. */
export function deleting(queue: Queue): Queue {
  if (queue.status === 'DELETING') return queue;
  const { firstOffsets: _, ...rest } = queue;
  return { ...rest, status: 'DELETING' };
}
