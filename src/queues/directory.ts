/**
 * Looking up queues by id, and changing their rows: the interface of the catalog for the front door
 * and the other use cases. Creation, update and deletion are in lifecycle.ts.
 */
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import type { Queue } from '../domain/queues/queue.ts';
import type { QueueCatalog, QueuePage } from '../ports/queue-catalog.ts';
import { EldestOutMap } from '../runtime/eldest-out-map.ts';

/** How long calls may miss another gateway's change of a queue. */
export const queueViewMs = 1_000;
const viewsMax = 20_000;
/** The number of attempts at a change that loses against concurrent changes. */
const attemptsMax = 20;

export type QueueDirectory = {
  /** At most `queueViewMs` old. Errors: `not-found`, `unavailable`. */
  find(id: string): Promise<Queue>;
  /** Reads the catalog. Errors: as find. */
  findFresh(id: string): Promise<Queue>;
  /** The id of the queue that has this name now. */
  idOf(name: string): Promise<string | undefined>;
  listPage(range: { readonly after?: string; readonly countMax: number }): Promise<QueuePage>;
  /**
   * Applies a pure transition on the condition that the version is unchanged, and retries it on the
   * new state after a concurrent change; a transition that returns its argument changes nothing.
   * Errors of the transition are passed on.
   */
  change(id: string, transition: (queue: Queue) => Queue): Promise<Queue>;
  /** Discards the cached view of this queue. */
  forget(id: string): void;
};

export type QueueDirectorySettings = {
  readonly catalog: Pick<QueueCatalog, 'get' | 'idOf' | 'list' | 'replace'>;
  /**
   * Called with every queue that is read while it is being created, updated or deleted: a gateway
   * that died may have left it so.
   */
  readonly onUnfinished: (queue: Queue) => void;
};

export function createQueueDirectory(settings: QueueDirectorySettings): QueueDirectory {
  return new Directory(settings);
}

/** `readAtMs`: the queue had this state at this time or later, by performance.now(). */
type View = { readonly found: Promise<Queue>; readonly readAtMs: number };

class Directory implements QueueDirectory {
  readonly #settings: QueueDirectorySettings;
  readonly #views = new EldestOutMap<string, View>(viewsMax);

  constructor(settings: QueueDirectorySettings) {
    this.#settings = settings;
  }

  find(id: string): Promise<Queue> {
    const view = this.#views.get(id);
    const isValid = view !== undefined && performance.now() - view.readAtMs < queueViewMs;
    return isValid ? view.found : this.findFresh(id);
  }

  findFresh(id: string): Promise<Queue> {
    const view: View = { found: this.#read(id), readAtMs: performance.now() };
    this.#views.set(id, view);
    view.found.catch(() => {
      if (this.#views.get(id) === view) this.#views.delete(id);
    });
    return view.found;
  }

  idOf(name: string): Promise<string | undefined> {
    return this.#settings.catalog.idOf(name);
  }

  async listPage(range: {
    readonly after?: string;
    readonly countMax: number;
  }): Promise<QueuePage> {
    const page = await this.#settings.catalog.list(range);
    for (const queue of page.queues) this.#notice(queue);
    return page;
  }

  async change(id: string, transition: (queue: Queue) => Queue): Promise<Queue> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#read(id);
      const changed = transition(before);
      if (changed === before) return before;
      const after = { ...changed, version: before.version + 1 };
      try {
        const readAtMs = performance.now();
        await this.#settings.catalog.replace(before, after);
        this.#views.set(id, { found: Promise.resolve(after), readAtMs });
        return after;
      } catch (error) {
        this.forget(id);
        if (!isGatewayError(error, 'conflict') || attempt >= attemptsMax) throw error;
      }
    }
  }

  forget(id: string): void {
    this.#views.delete(id);
  }

  async #read(id: string): Promise<Queue> {
    const queue = await this.#settings.catalog.get(id);
    if (queue === undefined) throw new GatewayError('not-found', `there is no queue ${id}`);
    this.#notice(queue);
    return queue;
  }

  #notice(queue: Queue): void {
    if (queue.status !== 'ACTIVE') this.#settings.onUnfinished(queue);
  }
}
