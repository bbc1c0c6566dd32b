/** Shards that a stream gets after its queue was created: their records are delivered, too. */
import { GatewayError, isGatewayError } from '../domain/errors.ts';
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

export type NewShardSettings = NewShardParts & {
  readonly onProblem: (queue: string, error: unknown) => void;
};

/**
 * Gives new shards their positions while delivery from the others continues. With Kafka's share
 * consumers in the group, this takes as long as until their next heartbeat, or forever if none of
 * them is subscribed to the stream.
 */
export class NewShards {
  readonly #settings: NewShardSettings;
  /** Ids of queues. */
  readonly #placing = new Set<string>();

  constructor(settings: NewShardSettings) {
    this.#settings = settings;
  }

  /** To be called again and again: what fails now may succeed then. */
  notice(queue: Queue, stream: Stream): void {
    const { id } = queue;
    if (stream.shards.length <= queue.shardCount || this.#placing.has(id)) return;
    this.#placing.add(id);
    void ensureShards(this.#settings, queue, stream)
      .catch((error: unknown) => this.#failed(id, error))
      .finally(() => this.#placing.delete(id));
  }

  #failed(id: string, error: unknown): void {
    // The queue has changed, or it is gone.
    if (isGatewayError(error, 'conflict') || isGatewayError(error, 'not-found')) return;
    this.#settings.onProblem(id, error);
  }
}

function assertDelivering({ id, status }: Queue): void {
  if (status === 'ACTIVE' || status === 'UPDATING') return;
  throw new GatewayError('conflict', `queue ${id} is ${status}`);
}
