import type { Queue } from '../domain/queues/queue.ts';

/** A page of queues, ordered by id; `next` is absent on the last page. */
export type QueuePage = { readonly queues: readonly Queue[]; readonly next?: string };

/**
 * The catalog of queues. A change is conditional on the version that was read before, so one of two
 * concurrent gateways wins. Names are unique: a queue and its name are stored and removed together.
 * Errors: `conflict` (another gateway was first), `in-use` (the name is taken), `unavailable` (the
 * outcome of a change is then unknown).
 */
export type QueueCatalog = {
  get(id: string): Promise<Queue | undefined>;
  /** The id of the queue that has this name now. */
  idOf(name: string): Promise<string | undefined>;
  /** At most `countMax` queues after this id, or the first ones. */
  list(range: { readonly after?: string; readonly countMax: number }): Promise<QueuePage>;
  create(queue: Queue): Promise<void>;
  /** Replaces `before` by `after`, whose version must be one higher. */
  replace(before: Queue, after: Queue): Promise<void>;
  /** Deletes the queue and its name, if it is still this version. */
  remove(queue: Queue): Promise<void>;
};
