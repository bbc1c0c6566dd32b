/**
 * Creating, updating and deleting queues. A queue is a row of the catalog, a reference in the row
 * of its stream, and a share group of the cluster. Each call stores what it wants and returns; the
 * rest follows in the background, in steps that do no harm when they are repeated, so any gateway
 * that reads an unfinished queue finishes what a gateway that died has left (unfinished-work.ts).
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError, isGatewayError, isRefusal } from '../domain/errors.ts';
import type { Queue, QueueStatus } from '../domain/queues/queue.ts';
import {
  activated,
  deleting,
  type NewQueue,
  newQueue,
  queueIdOf,
  startsOf,
  updated,
  wantedLockMs,
} from '../domain/queues/queue-changes.ts';
import { withoutQueue, withQueue } from '../domain/queues/stream-queues.ts';
import type { Stream } from '../domain/streams/stream.ts';
import type { Clock } from '../ports/clock.ts';
import type { QueueCatalog } from '../ports/queue-catalog.ts';
import type { QueueRows } from '../ports/queue-rows.ts';
import type { RecordLog } from '../ports/record-log.ts';
import type { ShareLog } from '../ports/share-log.ts';
import { retried } from '../runtime/retry.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import { type QueueDirectory, queueViewMs } from './directory.ts';
import { firstOffsets } from './first-offsets.ts';
import { ensureShards } from './new-shards.ts';
import { shareGroupOf } from './share-group.ts';
import { UnfinishedWork } from './unfinished-work.ts';

/** The clocks of two machines may drift apart, but by less than one percent. */
const clockMarginMs = 20;
/** How long one gateway repeats a step that fails; later reads of the queue begin again. */
const retryMsMax = 8_000;
const retryEveryMs = 250;
const suffixLength = 8;
const listedAtOnce = 1_000;

export type QueueLifecycleSettings = {
  readonly catalog: Pick<QueueCatalog, 'create' | 'remove'>;
  readonly queues: QueueDirectory;
  readonly rows: Pick<QueueRows, 'clear'>;
  readonly shares: Pick<ShareLog, 'create' | 'extend' | 'change' | 'delete'>;
  readonly streams: Pick<StreamDirectory, 'change'>;
  readonly log: Pick<RecordLog, 'startOffset' | 'endOffset' | 'offsetAt'>;
  readonly clock: Clock;
  readonly onProblem: (queue: string, error: unknown) => void;
  /** Default: see unfinished-work.ts. */
  readonly takeoverAfterMs?: number;
};

/** How many queues may be created and deleted at once; undefined: not limited. */
export type ChangeLimit = { readonly changingMax: number | undefined };

export class QueueLifecycle {
  readonly #settings: QueueLifecycleSettings;
  readonly #work: UnfinishedWork;

  constructor(settings: QueueLifecycleSettings) {
    this.#settings = settings;
    this.#work = new UnfinishedWork({
      read: (id) => settings.queues.findFresh(id),
      finish: (queue, isTakeover) => this.#finish(queue, isTakeover),
      onProblem: settings.onProblem,
      takeoverAfterMs: settings.takeoverAfterMs,
    });
  }

  /**
   * Resolves when the queue is stored as CREATING, with the position in each shard. `attached` adds
   * it to its stream, under the conditions of the caller, whose errors are passed on. Errors:
   * `in-use` (the name is taken), `limit-exceeded`.
   */
  async create(
    request: NewQueue,
    stream: Stream,
    attached: (stream: Stream, queue: Queue) => Stream,
    { changingMax }: ChangeLimit,
  ): Promise<Queue> {
    const { catalog, clock, log, streams } = this.#settings;
    const id = queueIdOf(request.name, randomText(suffixLength));
    const offsets = await firstOffsets(stream, request.start, log);
    const queue = newQueue(request, id, stream, offsets, clock.nowMs());
    await catalog.create(queue);
    try {
      if (changingMax !== undefined) await this.#assertTurn(queue, changingMax);
      await streams.change(stream.name, (now) => attached(sameStream(now, queue), queue));
    } catch (error) {
      // If it is not known whether the stream has changed, or if the row cannot be deleted, the
      // queue is finished or discarded later.
      if (!isGatewayError(error, 'unavailable')) await catalog.remove(queue).catch(ignore);
      throw error;
    }
    this.#work.start(queue);
    return queue;
  }

  /**
   * Resolves when the queue is UPDATING, which the transition makes of it. Errors: `not-found`;
   * those of the transition are passed on.
   */
  async update(id: string, transition: (queue: Queue) => Queue): Promise<Queue> {
    const queue = await this.#settings.queues.change(id, transition);
    this.#work.start(queue);
    return queue;
  }

  /** Resolves when the queue is DELETING. Errors: `not-found`, `limit-exceeded`. */
  async delete(id: string, { changingMax }: ChangeLimit): Promise<Queue> {
    const { queues } = this.#settings;
    if (changingMax !== undefined) {
      const others = (await this.#changing()).filter((each) => each.id !== id);
      if (others.length >= changingMax) throw tooManyChanging(changingMax);
    }
    const queue = await queues.change(id, deleting);
    this.#work.start(queue);
    return queue;
  }

  /** The queue with a position for every shard of its stream: see new-shards.ts. */
  ensureShards(queue: Queue, stream: Stream): Promise<Queue> {
    return ensureShards(this.#settings, queue, stream);
  }

  /** To be called with every queue that is read while it is not ACTIVE. */
  notice(queue: Queue): void {
    this.#work.notice(queue);
  }

  /** Resumes what was interrupted when all gateways stopped. */
  async resume(): Promise<void> {
    await this.#changing();
  }

  get isStopped(): boolean {
    return this.#work.isStopped;
  }

  /** Work in progress is left to other gateways, or to the next start. */
  stop(): Promise<void> {
    return this.#work.stop();
  }

  /** The new queue's turn depends on when it was created, so of several one is the first. */
  async #assertTurn(queue: Queue, changingMax: number): Promise<void> {
    const earlier = (await this.#changing()).filter((each) => isBefore(each, queue));
    if (earlier.length >= changingMax) throw tooManyChanging(changingMax);
  }

  async #changing(): Promise<readonly Queue[]> {
    const { queues } = this.#settings;
    const found: Queue[] = [];
    let after: string | undefined;
    do {
      const range = { countMax: listedAtOnce, ...(after === undefined ? {} : { after }) };
      const page = await queues.listPage(range);
      found.push(...page.queues.filter(({ status }) => isChanging(status)));
      after = page.next;
    } while (after !== undefined);
    return found;
  }

  async #finish(queue: Queue, isTakeover: boolean): Promise<void> {
    if (queue.status === 'CREATING') await this.#finishCreation(queue, isTakeover);
    if (queue.status === 'UPDATING') await this.#finishUpdate(queue);
    if (queue.status === 'DELETING') await this.#finishDeletion(queue);
  }

  async #finishCreation(queue: Queue, isTakeover: boolean): Promise<void> {
    const { queues, shares, streams } = this.#settings;
    let current = queue;
    if (isTakeover) {
      // Whatever the former gateway still does to the row has no effect.
      current = await this.#change(queue, (now) => ({ ...now }));
      try {
        await streams.change(queue.stream.name, (now) => withQueue(sameStream(now, queue), queue));
      } catch (error) {
        if (isGatewayError(error, 'unavailable')) throw error;
        await this.#discard(current, error);
        return;
      }
    }
    try {
      const lock = { lockMs: wantedLockMs(current) };
      const terms = await this.#retried(async () => {
        await this.#assertCurrent(current);
        return shares.create(shareGroupOf(current), lock, startsOf(current));
      });
      await this.#change(current, (now) => activated(now, terms.lockMs));
    } catch (error) {
      const now = await queues.findFresh(queue.id).catch(undefinedIfNotFound);
      const isDeleted = now === undefined || now.status === 'DELETING';
      // The gateway that deletes it may have found no share group yet.
      if (isDeleted) await this.#retried(() => shares.delete(shareGroupOf(queue)));
      else if (isRefusal(error) || isGatewayError(error, 'not-found'))
        await this.#discard(now, error);
      else throw error;
    }
  }

  /** The cluster will never accept it, or the stream is gone: there will be no queue. */
  async #discard(queue: Queue, error: unknown): Promise<void> {
    const { onProblem } = this.#settings;
    onProblem(queue.id, error);
    await this.#finishDeletion(await this.#change(queue, deleting));
  }

  async #finishUpdate(queue: Queue): Promise<void> {
    const { shares } = this.#settings;
    if (queue.lockMs > 0) {
      await this.#change(queue, (now) => updated(now));
      return;
    }
    await this.#untilSeen();
    const terms = await this.#retried(() =>
      shares.change(shareGroupOf(queue), { lockMs: wantedLockMs(queue) }),
    );
    await this.#change(queue, (now) => updated(now, terms.lockMs));
  }

  /** The row last, so that an interrupted deletion remains visible. */
  async #finishDeletion(queue: Queue): Promise<void> {
    const { catalog, queues, rows, shares } = this.#settings;
    await this.#untilSeen();
    await this.#retried(() => shares.delete(shareGroupOf(queue)));
    await this.#retried(() => rows.clear(queue.id));
    await this.#retried(() => this.#detach(queue));
    await this.#retried(async () => catalog.remove(await queues.findFresh(queue.id)));
    queues.forget(queue.id);
  }

  /** A later stream of the name does not have the queue. */
  async #detach({ id, stream }: Queue): Promise<void> {
    const { streams } = this.#settings;
    try {
      await streams.change(stream.name, (now) => withoutQueue(now, id));
    } catch (error) {
      if (!isGatewayError(error, 'not-found')) throw error;
    }
  }

  /** No gateway receives records any more by a view from before the change. */
  async #untilSeen(): Promise<void> {
    await delay(queueViewMs + clockMarginMs);
    this.#assertRunning();
  }

  /** On the condition that no other gateway has changed the queue. */
  #change(queue: Queue, transition: (queue: Queue) => Queue): Promise<Queue> {
    return this.#settings.queues.change(queue.id, (now) => {
      this.#assertRunning();
      if (isSame(now, queue)) return transition(now);
      throw overtaken(queue);
    });
  }

  async #assertCurrent(queue: Queue): Promise<void> {
    this.#assertRunning();
    const now = await this.#settings.queues.findFresh(queue.id);
    if (!isSame(now, queue)) throw overtaken(queue);
  }

  #assertRunning(): void {
    if (this.#work.isStopped) throw new GatewayError('conflict', 'this gateway stops');
  }

  #retried<T>(work: () => Promise<T>): Promise<T> {
    return retried(
      retryEveryMs,
      (error, { tookMs }) =>
        isGatewayError(error, 'unavailable') && tookMs < retryMsMax && !this.#work.isStopped,
      work,
    );
  }
}

function isChanging(status: QueueStatus): boolean {
  return status === 'CREATING' || status === 'DELETING';
}

function isBefore(other: Queue, queue: Queue): boolean {
  if (other.id === queue.id) return false;
  if (other.status === 'DELETING' || other.createdAtMs < queue.createdAtMs) return true;
  return other.createdAtMs === queue.createdAtMs && other.id < queue.id;
}

/**
 * Whether work on this queue is still wanted. Tags and the like may change during an update;
 * nothing but the work itself changes a queue that is CREATING.
 */
function isSame(now: Queue, queue: Queue): boolean {
  if (now.status !== queue.status) return false;
  if (now.status === 'CREATING') return now.version === queue.version;
  return now.attributes.visibilitySeconds === queue.attributes.visibilitySeconds;
}

/** Errors: `not-found` if this is another stream of that name. */
function sameStream(stream: Stream, queue: Queue): Stream {
  if (stream.createdAtMs === queue.stream.createdAtMs) return stream;
  throw new GatewayError('not-found', `stream ${stream.name} of queue ${queue.id} is gone`);
}

function tooManyChanging(max: number): GatewayError {
  const message = `${max} queues of the account are being created or deleted already.`;
  return new GatewayError('limit-exceeded', message);
}

function overtaken({ id, status }: Queue): GatewayError {
  return new GatewayError('conflict', `queue ${id} is not ${status} any more`);
}

function randomText(length: number): string {
  const characters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const one = () => characters.charAt(randomInt(characters.length));
  return Array.from({ length }, one).join('');
}

function undefinedIfNotFound(error: unknown): undefined {
  if (!isGatewayError(error, 'not-found')) throw error;
}

function ignore(): void {}
