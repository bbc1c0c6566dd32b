/**
 * Records of a transaction that go to another shard than the producer chose. They must stay in the
 * transaction, so they are written with the producer's own id; and a shard only accepts consecutive
 * sequence numbers of a producer, so the gateway assigns the numbers of all its records for such a
 * shard. Source: KIP-98 and KIP-890. docs/decisions/0011-closed-shards-and-kafka-producers.md.
 */
import { isSealed } from '../../domain/streams/reshard.ts';
import {
  isOpen,
  toOffset,
  type Offset,
  type Shard,
  type Stream,
} from '../../domain/streams/stream.ts';
import { Turns } from '../../runtime/turns.ts';
import { errorCodes } from '../../wire/errors.ts';
import {
  batchHeaderBytes,
  encodeBatch,
  type FullRecord,
  readBatches,
} from '../../wire/record-batch.ts';
import { type BatchRoutingSettings, currentView, shardOf } from './batch-routing.ts';
import type { ProducerTerms } from './producer-terms.ts';
import type { ProducedBatch } from './produced-batch.ts';
import {
  type PlacedBatch,
  ProducerMemory,
  ProducerPartition,
  sequenceAfter,
  sequenceDistance,
} from './producer-memory.ts';

/** A batch that is overtaken by this many reshardings fails. */
const movesMax = 8;
/** The result if the stream has no such shard. */
const noShard = { closed: { endOffset: toOffset(0n), closedAtMs: 0 } } as Shard;

/** A part of a transactional batch, for one shard. */
type TransactionalPart = {
  readonly records: readonly FullRecord[];
  readonly bytes: Buffer;
  isTried: boolean;
  done: boolean;
};
/** The sequence number of the next record in a shard. */
type Target = { next: number };

/** One producer in one epoch, writing transactions to one stream. */
class TransactionalProducer {
  readonly turns = new Turns();
  readonly targets = new Map<number, Target>();
  readonly sources = new Map<number, ProducerPartition<Map<number, TransactionalPart>>>();
}

type TransactionalWrite = {
  readonly stream: Stream;
  readonly index: number;
  readonly batch: ProducedBatch;
  readonly known: TransactionalProducer;
  readonly source: ProducerPartition<Map<number, TransactionalPart>>;
  readonly terms: ProducerTerms & { readonly transactionalId: string };
};

export class TransactionalBatches {
  readonly #settings: BatchRoutingSettings;
  readonly #producers = new ProducerMemory(() => new TransactionalProducer());

  constructor(settings: BatchRoutingSettings) {
    this.#settings = settings;
  }

  /** Returns Kafka's code. Errors: GatewayError; the outcome is then unknown. */
  place(
    stream: Stream,
    index: number,
    batch: ProducedBatch,
    terms: TransactionalWrite['terms'],
    isLate: boolean,
  ): Promise<number> {
    const { producerId, producerEpoch } = batch;
    const known = this.#producers.of(`${producerId} ${producerEpoch} ${stream.logId}`);
    const source = known.sources.get(index) ?? new ProducerPartition();
    known.sources.set(index, source);
    const write = { stream, index, batch, known, source, terms };
    return known.turns.run(() => this.#place(write, isLate));
  }

  async #place(write: TransactionalWrite, isLate: boolean): Promise<number> {
    const { batch, source } = write;
    const { baseSequence, recordCount } = batch;
    const before = source.find(baseSequence, recordCount);
    if (before === undefined && !isLate && source.expected !== undefined) {
      const distance = sequenceDistance(source.expected, baseSequence);
      if (distance !== 0)
        return distance < 0
          ? errorCodes.DUPLICATE_SEQUENCE_NUMBER
          : errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER;
    }
    const entry = before ?? source.begin(baseSequence, recordCount);
    let stream = await currentView(this.#settings.streams, write.stream);
    for (let move = 0; move < movesMax; move++) {
      const refused = await this.#part(stream, write, entry);
      if (refused !== undefined) return refused;
      const now = await this.#writeParts(stream, write, entry.placed!);
      if (typeof now !== 'number') {
        stream = now;
        continue;
      }
      if (now === errorCodes.NONE) source.finish(entry);
      return now;
    }
    return errorCodes.REQUEST_TIMED_OUT;
  }

  /**
   * Splits the batch by shard, each part with the next sequence numbers there; of a batch that is
   * already split, the parts whose shards have been closed meanwhile. Returns Kafka's code if it
   * cannot.
   */
  async #part(
    stream: Stream,
    write: TransactionalWrite,
    entry: PlacedBatch<Map<number, TransactionalPart>>,
  ): Promise<number | undefined> {
    const parts = (entry.placed ??= new Map<number, TransactionalPart>());
    const stale = [...parts].filter(
      ([shard, { done }]) => !done && !isOpen(stream.shards[shard] ?? noShard),
    );
    // It is unknown whether it is in the closed shard, so the client must abort.
    if (stale.some(([, { isTried }]) => isTried)) return errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER;
    for (const [shard] of stale) parts.delete(shard);
    const open =
      parts.size === 0 && stale.length === 0
        ? write.batch.records
        : stale.flatMap(([, { records }]) => records);
    const groups = new Map<number, FullRecord[]>();
    for (const record of open) {
      const { index } = shardOf(stream, write.index, record, write.batch);
      const group = groups.get(index);
      if (group === undefined) groups.set(index, [record]);
      else group.push(record);
    }
    for (const [shard, records] of groups) {
      if (parts.has(shard)) return errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER;
      const part = await this.#numbered(stream, shard, records, write);
      if (part === undefined) {
        entry.placed = undefined;
        return errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER;
      }
      parts.set(shard, part);
    }
    return undefined;
  }

  async #numbered(
    stream: Stream,
    shard: number,
    records: readonly FullRecord[],
    { batch, known }: TransactionalWrite,
  ): Promise<TransactionalPart | undefined> {
    const target = known.targets.get(shard) ?? (await this.#newTarget(stream, shard, batch));
    if (target === undefined) return undefined;
    known.targets.set(shard, target);
    const { producerId, producerEpoch } = batch;
    const baseSequence = target.next;
    target.next = sequenceAfter(baseSequence, records.length);
    const options = { producerId, producerEpoch, baseSequence, transactional: true };
    const bytes = encodeBatch(records, records[0]!.timestampMs, options);
    return { records, bytes, isTried: false, done: false };
  }

  /**
   * Starts the numbering of a producer in a shard. If the shard has records of it that this gateway
   * did not write, another gateway numbers them, or did so before it ended: then undefined, and the
   * client aborts its transaction, which gives it a new epoch.
   */
  async #newTarget(
    { name }: Stream,
    partition: number,
    { producerId, producerEpoch }: ProducedBatch,
  ): Promise<Target | undefined> {
    const { producers } = this.#settings;
    const state = await producers.producerState({ log: name, partition }, producerId);
    const isForeign = state?.epoch === producerEpoch && state.lastSequence >= 0;
    return isForeign ? undefined : { next: 0 };
  }

  /** Kafka's code, or the current stream if a part has to be placed again. */
  async #writeParts(
    stream: Stream,
    write: TransactionalWrite,
    parts: ReadonlyMap<number, TransactionalPart>,
  ): Promise<number | Stream> {
    const writes = [...parts]
      .filter(([, { done }]) => !done)
      .map(([shard, part]) => this.#writePart(stream, write, shard, part));
    let result: number | Stream = errorCodes.NONE;
    for (const settled of await Promise.allSettled(writes)) {
      if (settled.status === 'rejected') throw settled.reason;
      if (settled.value === errorCodes.NONE) continue;
      // A refusal is returned before anything is placed again.
      if (typeof settled.value === 'number') return settled.value;
      result = settled.value;
    }
    return result;
  }

  async #writePart(
    stream: Stream,
    { batch, terms }: TransactionalWrite,
    partition: number,
    part: TransactionalPart,
  ): Promise<number | Stream> {
    const { producers, streams, writer } = this.#settings;
    let now = await currentView(streams, stream);
    if (isSealed(now, partition)) now = await writer.decided(now, partition);
    if (!isOpen(now.shards[partition] ?? noShard)) return now;
    const where = { log: stream.name, partition };
    const { producerId, producerEpoch } = batch;
    const { bytes } = part;
    part.isTried = true;
    const appended = await producers.appendInTransaction(where, {
      ...terms,
      producerId,
      producerEpoch,
      bytes,
    });
    const { code, baseOffset } = appended;
    if (code !== errorCodes.NONE) return code;
    if (!(await this.#isThere(where, baseOffset, bytes)))
      return errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER;
    if (!streams.isCurrent(now)) {
      now = await writer.decided(now, partition);
      const end = now.shards[partition]?.closed?.endOffset;
      if (end !== undefined && baseOffset >= end) {
        // It is after the end, where no reader sees it: it may be written elsewhere.
        part.isTried = false;
        return now;
      }
    }
    part.done = true;
    return errorCodes.NONE;
  }

  /**
   * Whether the log has this exact batch there. If another gateway had assigned the same numbers to
   * other records of the producer, ours would look like a retry of those.
   */
  async #isThere(
    where: { readonly log: string; readonly partition: number },
    at: Offset,
    bytes: Buffer,
  ): Promise<boolean> {
    const [found] = readBatches(await this.#settings.producers.batchesAt(where, at));
    if (found === undefined || found.baseOffset !== at) return false;
    return found.bytes.subarray(batchHeaderBytes).equals(bytes.subarray(batchHeaderBytes));
  }
}
