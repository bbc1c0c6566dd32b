/**
 * The put path: appends that arrive together share Produce requests (group commit).
 *
 * Each partition has one batch in flight at a time; appends that arrive meanwhile become the next
 * batch. So a partition's order is kept across retries, a single append does not wait, and batches
 * grow under load. Partitions with the same leader share a request.
 */
import { GatewayError } from '../../src/domain/errors.ts';
import { type Offset, toOffset } from '../../src/domain/streams/stream.ts';
import type { Appended, AppendRecord, LogPartition } from '../../src/ports/record-log.ts';
import type { ValueOf } from '../../src/wire/message.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { encodeBatch, recordBytesMax } from '../../src/wire/record-batch.ts';
import { type Cluster, propagationMsMax } from './cluster.ts';
import type { Connection } from './connection.ts';
import { errorOf, isRetriable } from './error-kinds.ts';
import { errorCodes } from '../../src/wire/errors.ts';

const produceApi = { request: produceRequest, response: produceResponse };
/** The last version that names topics: later ones use topic ids. */
const produceVersionMax = 12;
const allInSync = -1;

/** A larger record gets its own batch; the topic's limit decides on it. */
const batchBytesMax = 1_000_000;
const batchRecordsMax = 50_000;
/** How long Kafka waits for in-sync replicas. */
const replicationTimeoutMs = 20_000;
/** How long leader elections and moves are waited for. */
const retryForMs = 25_000;
const retryEveryMs = 100;
/**
 * Concurrent requests per broker. A broker processes one at a time and finds the second one waiting
 * when it is done. Appends that arrive meanwhile share the next request.
 */
const requestsInFlightMax = 2;
/** The maximum size of a request with batches of many partitions; brokers refuse 100 MiB. */
const requestBytesMax = 16 * 1024 * 1024;
/** The most bytes that may wait in one gateway; puts beyond it are refused. */
const queuedBytesMax = 128 * 1024 * 1024;

type ProduceAnswer = ValueOf<typeof produceResponse>['responses'];

type Append = {
  readonly records: readonly AppendRecord[];
  readonly offsets: Offset[];
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: GatewayError) => void;
};

/** Records of one append that are in the batch in flight. */
type Part = { readonly append: Append; readonly count: number };

type Batch = {
  readonly queue: PartitionQueue;
  readonly parts: readonly Part[];
  readonly records: readonly AppendRecord[];
  readonly encoded: Buffer;
  readonly takenAtMs: number;
};

type PartitionQueue = {
  readonly where: LogPartition;
  /** Appends with records that are not in a batch yet, in order. */
  waiting: Append[];
  /** Whether a batch is in flight. */
  busy: boolean;
};

export class AppendQueue {
  readonly #cluster: Cluster;
  readonly #partitions = new Map<string, PartitionQueue[]>();
  #ready: PartitionQueue[] = [];
  #scheduled = false;
  #queuedBytes = 0;
  /** Produce requests by broker. */
  readonly #inFlight = new Map<number, number>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  append(where: LogPartition, records: readonly AppendRecord[]): Promise<Appended> {
    if (records.length === 0) return Promise.resolve({ offsets: [] });
    let size = 0;
    for (const record of records) size += recordBytesMax(record);
    if (this.#queuedBytes + size > queuedBytesMax) {
      const message = `more than ${queuedBytesMax} bytes wait to be written`;
      return Promise.reject(new GatewayError('unavailable', message));
    }
    this.#queuedBytes += size;
    return new Promise((resolve, reject) => {
      const queue = this.#queueOf(where);
      queue.waiting.push({
        records,
        offsets: [],
        resolve: (appended) => {
          this.#queuedBytes -= size;
          resolve(appended);
        },
        reject: (error) => {
          this.#queuedBytes -= size;
          reject(error);
        },
      });
      if (!queue.busy && queue.waiting.length === 1) this.#makeReady(queue);
    });
  }

  #queueOf(where: LogPartition): PartitionQueue {
    let queues = this.#partitions.get(where.log);
    if (queues === undefined) this.#partitions.set(where.log, (queues = []));
    return (queues[where.partition] ??= { where, waiting: [], busy: false });
  }

  /** Batches that become ready in the same turn of the event loop are sent together. */
  #makeReady(queue: PartitionQueue): void {
    this.#ready.push(queue);
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#scheduled || this.#ready.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** If the broker is busy, the rest is sent in one request after its response. */
  #flush(): void {
    const ready = this.#ready;
    this.#ready = [];
    const byLeader = new Map<number, Batch[]>();
    for (const queue of ready) {
      const leader = this.#knownLeader(queue);
      if (leader === undefined) void this.#sendWhenLed(takeBatch(queue));
      else if ((this.#inFlight.get(leader) ?? 0) >= requestsInFlightMax) this.#ready.push(queue);
      else if (byLeader.has(leader)) byLeader.get(leader)!.push(takeBatch(queue));
      else byLeader.set(leader, [takeBatch(queue)]);
    }
    for (const [leader, together] of byLeader) {
      for (const request of requestsOf(together)) void this.#produce(leader, request);
    }
  }

  /** Sends a batch again, or in smaller pieces, ahead of its partition's queue. */
  #send(batch: Batch): void {
    const leader = this.#knownLeader(batch.queue);
    if (leader === undefined) void this.#sendWhenLed(batch);
    else void this.#produce(leader, [batch]);
  }

  async #sendWhenLed(batch: Batch): Promise<void> {
    const leader = await this.#findLeader(batch);
    if (leader !== undefined) await this.#produce(leader, [batch]);
  }

  #knownLeader({ where }: PartitionQueue): number | undefined {
    const leader = this.#cluster.known(where.log)?.leaders[where.partition];
    return leader === undefined || leader < 0 ? undefined : leader;
  }

  async #findLeader(batch: Batch): Promise<number | undefined> {
    const { log, partition } = batch.queue.where;
    try {
      await this.#cluster.refresh(log);
      return await this.#cluster.leaderOf(log, partition);
    } catch (error) {
      const failure = asGatewayError(error);
      if (failure.kind === 'not-found' && !isNew(batch)) this.#fail(batch, failure);
      else this.#retry(batch, failure);
      return undefined;
    }
  }

  async #produce(leader: number, batches: readonly Batch[]): Promise<void> {
    this.#inFlight.set(leader, (this.#inFlight.get(leader) ?? 0) + 1);
    await this.#exchange(leader, batches);
    this.#inFlight.set(leader, (this.#inFlight.get(leader) ?? 1) - 1);
    this.#scheduleFlush();
  }

  async #exchange(leader: number, batches: readonly Batch[]): Promise<void> {
    let connection: Connection;
    try {
      connection =
        this.#cluster.openConnection(leader, 'produce') ??
        (await this.#cluster.connection(leader, 'produce'));
    } catch (error) {
      // Nothing was sent: the leader may have changed.
      for (const batch of batches) this.#retry(batch, asGatewayError(error));
      return;
    }
    const request = {
      acks: allInSync,
      timeoutMs: replicationTimeoutMs,
      topicData: topicsOf(batches),
    };
    const options = { versionMax: produceVersionMax, timeoutMs: replicationTimeoutMs + 5_000 };
    try {
      const answer = await connection.request(produceApi, request, options);
      this.#settle(batches, answer.responses);
    } catch (error) {
      // It is unknown whether the batch is in the log: a retry here could write it twice.
      for (const batch of batches) {
        this.#cluster.forget(batch.queue.where.log);
        this.#fail(batch, asGatewayError(error));
      }
    }
  }

  #settle(batches: readonly Batch[], responses: ProduceAnswer): void {
    for (const batch of batches) {
      const { log, partition } = batch.queue.where;
      const answer = responses
        .find((topic) => topic.name === log)
        ?.partitionResponses.find((each) => each.index === partition);
      if (answer === undefined) {
        this.#fail(batch, new GatewayError('unavailable', `no answer for ${log}-${partition}`));
      } else if (answer.errorCode === errorCodes.NONE) {
        this.#succeed(batch, answer.baseOffset);
      } else {
        this.#refused(batch, answer.errorCode, answer.errorMessage);
      }
    }
  }

  #refused(batch: Batch, code: number, detail: string | null): void {
    const { log, partition } = batch.queue.where;
    const error = errorOf(code, `append to ${log}-${partition}`, detail);
    const tooLarge =
      code === errorCodes.MESSAGE_TOO_LARGE || code === errorCodes.RECORD_LIST_TOO_LARGE;
    if (tooLarge && batch.records.length > 1) this.#sendHalves(batch);
    else if (code === errorCodes.UNKNOWN_TOPIC_OR_PARTITION || isRetriable(code))
      this.#retry(batch, error);
    else this.#fail(batch, error);
  }

  /** The topic's limit is smaller: split the batch, in the same order. */
  #sendHalves(batch: Batch): void {
    const half = Math.ceil(batch.records.length / 2);
    putBack(batch);
    this.#send(takeBatch(batch.queue, half));
  }

  #retry(batch: Batch, error: GatewayError): void {
    if (Date.now() >= batch.takenAtMs + retryForMs) return this.#fail(batch, error);
    this.#cluster.forget(batch.queue.where.log);
    setTimeout(() => this.#send(batch), retryEveryMs);
  }

  #succeed(batch: Batch, baseOffset: bigint): void {
    let offset = baseOffset;
    for (const { append, count } of batch.parts) {
      for (let index = 0; index < count; index++) append.offsets.push(toOffset(offset++));
      if (append.offsets.length === append.records.length) {
        append.resolve({ offsets: append.offsets });
      }
    }
    this.#next(batch.queue);
  }

  /** The rest of a failed append is not sent: its records must stay in order. */
  #fail(batch: Batch, error: GatewayError): void {
    const { queue } = batch;
    for (const { append } of batch.parts) {
      queue.waiting = queue.waiting.filter((each) => each !== append);
      if (append.offsets.length === 0) append.reject(error);
      else append.resolve({ offsets: append.offsets, error });
    }
    this.#next(queue);
  }

  #next(queue: PartitionQueue): void {
    queue.busy = false;
    if (queue.waiting.length > 0) this.#makeReady(queue);
  }
}

/**
 * Takes as much as fits into one batch from the front; an append that does not fit completely stays
 * at the front.
 */
function takeBatch(queue: PartitionQueue, recordsMax = batchRecordsMax): Batch {
  const parts: Part[] = [];
  const records: AppendRecord[] = [];
  let size = 0;
  let full = false;
  while (!full && queue.waiting.length > 0) {
    const append = queue.waiting[0]!;
    const done = append.offsets.length;
    let count = 0;
    for (let index = done; index < append.records.length; index++) {
      const record = append.records[index]!;
      size += recordBytesMax(record);
      full = records.length > 0 && (size > batchBytesMax || records.length >= recordsMax);
      if (full) break;
      records.push(record);
      count++;
    }
    if (count > 0) parts.push({ append, count });
    if (done + count === append.records.length) queue.waiting.shift();
  }
  queue.busy = true;
  const takenAtMs = Date.now();
  return { queue, parts, records, encoded: encodeBatch(records, takenAtMs), takenAtMs };
}

/** Undoes takeBatch: the appends return to the front. */
function putBack(batch: Batch): void {
  const { queue } = batch;
  const appends = batch.parts.map((part) => part.append);
  queue.waiting = [...appends, ...queue.waiting.filter((each) => !appends.includes(each))];
}

/** A new topic may not be known to every broker yet. */
function isNew({ takenAtMs }: Batch): boolean {
  return Date.now() - takenAtMs < propagationMsMax;
}

/** Splits the batches into as few requests as the limit allows. */
function requestsOf(batches: readonly Batch[]): readonly (readonly Batch[])[] {
  const requests: Batch[][] = [];
  let size = Infinity;
  for (const batch of batches) {
    size += batch.encoded.length;
    if (size > requestBytesMax) {
      requests.push([]);
      size = batch.encoded.length;
    }
    requests.at(-1)!.push(batch);
  }
  return requests;
}

function topicsOf(batches: readonly Batch[]) {
  const topics = new Map<string, { index: number; records: Buffer }[]>();
  for (const { queue, encoded } of batches) {
    const { log, partition } = queue.where;
    const partitions = topics.get(log) ?? [];
    partitions.push({ index: partition, records: encoded });
    topics.set(log, partitions);
  }
  return [...topics].map(([name, partitionData]) => ({ name, partitionData }));
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError('internal', 'an append failed unexpectedly', { cause: error });
}
