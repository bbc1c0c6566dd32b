/**
 * Converts a queue to a row of the catalog's table and back. Pure.
 *
 * | scope         | key          | holds                     |
 * |---------------|--------------|---------------------------|
 * | `queues`      | queue's id   | the queue                 |
 * | `queue-names` | queue's name | the id of the queue, `id` |
 *
 * Each field of a queue is an attribute of its own, so that a change sets only those that this
 * version knows. Tags and the policy are JSON, which keeps tag keys with dots, and lone surrogates;
 * so are the first offsets.
 */
import type { Queue, QueueAttributes, QueueStart } from '../../src/domain/queues/queue.ts';

export const queuesScope = 'queues';
export const queueNamesScope = 'queue-names';

export type QueueFields = {
  readonly name: string;
  readonly streamName: string;
  readonly streamCreatedAtMs: number;
  readonly startType: QueueStart['type'];
  readonly startAtMs: number | undefined;
  readonly visibilitySeconds: number;
  readonly receivesMax: number | undefined;
  readonly status: Queue['status'];
  readonly createdAtMs: number;
  readonly tags: string;
  readonly policy: string | undefined;
  readonly lockMs: number;
  readonly shardCount: number;
  readonly firstOffsets: string | undefined;
  readonly startsAtMs: number | undefined;
  readonly extends: boolean;
  readonly version: number;
};

export function fieldsOf(queue: Queue): QueueFields {
  const { stream, start, attributes, tags, policy, firstOffsets } = queue;
  return {
    name: queue.name,
    streamName: stream.name,
    streamCreatedAtMs: stream.createdAtMs,
    startType: start.type,
    startAtMs: start.type === 'AT_TIMESTAMP' ? start.timestampMs : undefined,
    visibilitySeconds: attributes.visibilitySeconds,
    receivesMax: attributes.receivesMax,
    status: queue.status,
    createdAtMs: queue.createdAtMs,
    tags: JSON.stringify(tags),
    policy: policy === undefined ? undefined : JSON.stringify(policy),
    lockMs: queue.lockMs,
    shardCount: queue.shardCount,
    firstOffsets: firstOffsets === undefined ? undefined : JSON.stringify(firstOffsets),
    startsAtMs: queue.startsAtMs,
    extends: queue.extends,
    version: queue.version,
  };
}

/** The fields of a row, and its key. Errors: SyntaxError where JSON is none. */
export function queueOf(id: string, fields: QueueFields): Queue {
  const { streamName, streamCreatedAtMs, tags, policy, firstOffsets, startsAtMs } = fields;
  return {
    id,
    name: fields.name,
    stream: { name: streamName, createdAtMs: streamCreatedAtMs },
    start: startOf(fields),
    attributes: attributesOf(fields),
    status: fields.status,
    createdAtMs: fields.createdAtMs,
    tags: JSON.parse(tags) as Queue['tags'],
    ...(policy === undefined ? {} : { policy: JSON.parse(policy) as string }),
    lockMs: fields.lockMs,
    shardCount: fields.shardCount,
    ...(firstOffsets === undefined ? {} : { firstOffsets: JSON.parse(firstOffsets) as string[] }),
    ...(startsAtMs === undefined ? {} : { startsAtMs }),
    extends: fields.extends,
    version: fields.version,
  };
}

function startOf({ startType: type, startAtMs = 0 }: QueueFields): QueueStart {
  return type === 'AT_TIMESTAMP' ? { type, timestampMs: startAtMs } : { type };
}

function attributesOf({ visibilitySeconds, receivesMax }: QueueFields): QueueAttributes {
  return { visibilitySeconds, ...(receivesMax === undefined ? {} : { receivesMax }) };
}
