import type { Queue } from '../domain/queues/queue.ts';
import type { ShareGroup } from '../ports/share-log.ts';

/** The share group of a queue, which Kafka's share consumers may join by the queue's id. */
export function shareGroupOf({ id, stream }: Pick<Queue, 'id' | 'stream'>): ShareGroup {
  return { groupId: id, log: stream.name };
}
