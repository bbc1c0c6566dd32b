/**
 * Work on queues that are being created, updated or deleted: one piece at a time for each queue,
 * and what another gateway has left undone is taken over.
 */
import { isGatewayError } from '../domain/errors.ts';
import type { Queue } from '../domain/queues/queue.ts';
import { EldestOutMap } from '../runtime/eldest-out-map.ts';
import { Turns } from '../runtime/turns.ts';

/** A queue without progress for this long was left by a gateway that died. */
const takeoverAfterMsDefault = 15_000;
const checkMarginMs = 50;
const atOnceMax = 64;
const seenMax = 10_000;

export type UnfinishedWorkSettings = {
  /** Reads the queue, and calls `notice` with it if it is still unfinished. */
  readonly read: (id: string) => Promise<unknown>;
  /** Errors: `conflict` and `not-found` if others have finished it. */
  readonly finish: (queue: Queue, isTakeover: boolean) => Promise<void>;
  readonly onProblem: (queue: string, error: unknown) => void;
  readonly takeoverAfterMs: number | undefined;
};

/** The state in which a queue was last seen, and since when, by performance.now(). */
type Sighting = { readonly version: number; readonly sinceMs: number };

export class UnfinishedWork {
  readonly #settings: UnfinishedWorkSettings;
  readonly #takeoverAfterMs: number;
  readonly #running = new Map<string, Promise<void>>();
  readonly #seen = new EldestOutMap<string, Sighting>(seenMax);
  readonly #turns = new Turns(atOnceMax);
  #stopped = false;

  constructor(settings: UnfinishedWorkSettings) {
    this.#settings = settings;
    this.#takeoverAfterMs = settings.takeoverAfterMs ?? takeoverAfterMsDefault;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** This gateway has begun it. */
  start(queue: Queue): void {
    this.#run(queue, false);
  }

  notice(queue: Queue): void {
    const { id, version } = queue;
    if (this.#running.has(id) || this.#stopped) return;
    const seen = this.#seen.get(id);
    const nowMs = performance.now();
    if (seen?.version !== version) {
      this.#seen.set(id, { version, sinceMs: nowMs });
      const read = () => void this.#settings.read(id).catch(ignore);
      setTimeout(read, this.#takeoverAfterMs + checkMarginMs).unref();
    } else if (nowMs - seen.sinceMs > this.#takeoverAfterMs) {
      this.#seen.delete(id);
      this.#run(queue, true);
    }
  }

  /** Work in progress ends at its next step. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running.values());
  }

  #run(queue: Queue, isTakeover: boolean): void {
    const { id } = queue;
    if (this.#stopped) return;
    const former = this.#running.get(id) ?? Promise.resolve();
    const work = former
      .then(() => this.#turns.run(() => this.#settings.finish(queue, isTakeover)))
      .catch((error: unknown) => this.#failed(queue, error))
      .finally(() => {
        if (this.#running.get(id) === work) this.#running.delete(id);
      });
    this.#running.set(id, work);
  }

  /** It is tried again after a while, here or by another gateway that reads the queue. */
  #failed(queue: Queue, error: unknown): void {
    if (isGatewayError(error, 'conflict') || isGatewayError(error, 'not-found')) return;
    this.#settings.onProblem(queue.id, error);
    if (this.#stopped) return;
    const read = () => void this.#settings.read(queue.id).catch(ignore);
    setTimeout(read, checkMarginMs).unref();
  }
}

function ignore(): void {}
