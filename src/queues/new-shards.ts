/** Shards that a stream gets after its queue was created: their records are delivered, too. */
import { GatewayError } from '../domain/errors.ts';
import type { Queue } from '../domain/queues/queue.ts';
import { type Offset, type Stream, toOffset } from '../domain/streams/stream.ts';
import type { ShareLog } from '../ports/share-log.ts';
import type { QueueDirectory } from './directory.ts';
import { shareGroupOf } from './share-group.ts';

export type NewShardParts = {
  readonly queues: Pick<QueueDirectory, 'change'>;
  readonly shares: Pick<ShareLog, 'extend'>;
};

/**
 * The queue with a position for every shard of the stream: the beginning, for shards that it did
 * not know. Concurrent calls do no harm, because positions that exist stay. Errors: `not-found` if
 * the queue is gone, or the stream is a later one of that name; `conflict` if the queue is being
 * created or deleted; those of the port.
 */
export async function ensureShards(
  { queues, shares }: NewShardParts,
  queue: Queue,
  stream: Stream,
): Promise<Queue> {
  const { shardCount: known, id } = queue;
  const count = stream.shards.length;
  if (stream.createdAtMs !== queue.stream.createdAtMs) {
    throw new GatewayError('not-found', `stream ${stream.name} of queue ${id} is gone`);
  }
  if (count <= known) return queue;
  assertDelivering(queue);
  const starts = new Map<number, Offset>();
  for (let index = known; index < count; index += 1) starts.set(index, toOffset(0n));
  await shares.extend(shareGroupOf(queue), starts);
  return queues.change(id, (now) => {
    assertDelivering(now);
    return now.shardCount >= count ? now : { ...now, shardCount: count };
  });
}

function assertDelivering({ id, status }: Queue): void {
  if (status === 'ACTIVE' || status === 'UPDATING') return;
  throw new GatewayError('conflict', `queue ${id} is ${status}`);
}
