/** The data plane of queues: what receivers may do, on any gateway. */
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../domain/errors.ts';
import type { Queue } from '../domain/queues/queue.ts';
import type { Receipt } from '../domain/queues/receipt.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { EldestOutMap } from '../runtime/eldest-out-map.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import { DeadLetters } from './dead-letters.ts';
import type { DataPlaneParts, Delivery, Source } from './delivery.ts';
import { type QueueDirectory, queueViewMs } from './directory.ts';
import { NewShards } from './new-shards.ts';
import { Receiving, type ReceivingParts } from './receiving.ts';
import { type Outcome, Settling, type VisibilityChange } from './settling.ts';
import type { Wanted } from './waiters.ts';

/** Queues whose state is kept after their last call; a queue in use was used last. */
const queuesMax = 10_000;
/** Beside the time for which gateways use a queue that they have read. */
const cacheMarginMs = 250;

export type ConsumptionParts = DataPlaneParts & {
  readonly queues: QueueDirectory;
  readonly streams: StreamDirectory;
  readonly onProblem: (queue: string, error: unknown) => void;
};

export class QueueConsumption {
  readonly #parts: ConsumptionParts;
  readonly #receivingParts: ReceivingParts;
  readonly #receiving = new EldestOutMap<string, Receiving>(queuesMax);
  readonly #deadLetters = new EldestOutMap<string, DeadLetters>(queuesMax);
  readonly #settling: Settling;
  readonly #newShards: NewShards;
  /** Since when the catalog is known to say so. */
  readonly #extending = new EldestOutMap<string, number>(queuesMax);

  constructor(parts: ConsumptionParts) {
    this.#parts = parts;
    this.#receivingParts = {
      ...parts,
      sourceOf: (queueId) => this.#sourceOf(queueId),
      streamNow: (stream) => this.#streamNow(stream),
    };
    this.#newShards = new NewShards(parts);
    this.#settling = new Settling(parts, (queue) => this.#markExtends(queue));
  }

  /** Errors: `not-found`, `limit-exceeded`, `unavailable`; the signal's reason. */
  receive({ id }: Queue, wanted: Wanted): Promise<readonly Delivery[]> {
    let receiving = this.#receiving.get(id);
    if (receiving === undefined) {
      receiving = new Receiving(id, this.#receivingParts);
      this.#receiving.set(id, receiving);
    }
    return receiving.receive(wanted);
  }

  /** Errors: as receive. */
  receiveDeadLetters({ id }: Queue, wanted: Wanted): Promise<readonly Delivery[]> {
    let letters = this.#deadLetters.get(id);
    if (letters === undefined) {
      letters = new DeadLetters(id, this.#receivingParts);
      this.#deadLetters.set(id, letters);
    }
    return letters.receive(wanted);
  }

  acknowledge(queue: Queue, receipts: readonly Receipt[]): Promise<readonly Outcome[]> {
    return this.#settling.acknowledge(queue, receipts);
  }

  async changeVisibility(
    queue: Queue,
    changes: readonly VisibilityChange[],
  ): Promise<readonly Outcome[]> {
    const outcomes = await this.#settling.changeVisibility(queue, changes);
    if (changes.some(({ visibilityMs }) => visibilityMs === 0)) this.#wake(queue);
    return outcomes;
  }

  async restore(queue: Queue, receipts: readonly Receipt[]): Promise<readonly Outcome[]> {
    const outcomes = await this.#settling.restore(queue, receipts);
    this.#wake(queue);
    return outcomes;
  }

  #wake({ id }: Queue): void {
    this.#receiving.get(id)?.wake();
  }

  /** New shards are part of it once they have positions. */
  async #sourceOf(queueId: string): Promise<Source> {
    const { queues, streams } = this.#parts;
    const found = await queues.find(queueId);
    if (found.status === 'DELETING') {
      throw new GatewayError('not-found', `queue ${queueId} is being deleted`);
    }
    const stream = await streams.find(found.stream.name);
    if (stream.createdAtMs !== found.stream.createdAtMs) {
      throw new GatewayError('not-found', `the stream of queue ${queueId} was deleted`);
    }
    this.#newShards.notice(found, stream);
    return { queue: found, stream };
  }

  async #streamNow(stream: Stream): Promise<Stream> {
    const { streams } = this.#parts;
    const view = streams.peek(stream.name);
    if (view !== undefined && view.resharding === undefined) return view;
    return streams.findNow(stream.name);
  }

  /**
   * Resolves when every gateway knows that records of this queue may have a row, although Kafka's
   * lock holds them: once per queue, this takes a second.
   */
  async #markExtends({ id }: Queue): Promise<void> {
    let knownSinceMs = this.#extending.get(id);
    if (knownSinceMs === undefined) {
      await this.#parts.queues.change(id, (queue) =>
        queue.extends ? queue : { ...queue, extends: true },
      );
      knownSinceMs = this.#extending.get(id) ?? performance.now();
      this.#extending.set(id, knownSinceMs);
    }
    const leftMs = knownSinceMs + queueViewMs + cacheMarginMs - performance.now();
    if (leftMs > 0) await delay(leftMs);
  }
}
