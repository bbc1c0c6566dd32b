/**
 * Batches of Kafka producers that do not go to the partition that the producer chose: because its
 * shard is closed, because it is not a shard yet, or because the stream places all records by key.
 *
 * Records of producers without transactions are appended by the gateway, which detects retries by
 * the producer's sequence numbers in place of the log. Records of a transaction must stay in it:
 * they are written with the producer's own id, and sequence numbers that the gateway assigns. See
 * docs/decisions/0011-closed-shards-and-kafka-producers.md.
 */
import { toOffset, type Offset, type Stream } from '../../domain/streams/stream.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { LogPartition } from '../../ports/record-log.ts';
import type { Placed } from '../../streams/writer.ts';
import { errorCodes } from '../../wire/errors.ts';
import type { RecordBatch } from '../../wire/batch.ts';
import { readBatches } from '../../wire/record-batch.ts';
import { codeOf } from '../errors.ts';
import { type BatchRoutingSettings, currentView, shardOf } from './batch-routing.ts';
import type { ForwardedBatch } from './forwarded-batch.ts';
import type { ProducerTerms } from './producer-terms.ts';
import { checkProduced, type ProducedBatch, readProduced, withRecords } from './produced-batch.ts';
import {
  ProducerMemory,
  ProducerPartition,
  sequenceAfter,
  sequenceDistance,
} from './producer-memory.ts';
import { TransactionalBatches } from './transactional-batches.ts';

/** There are few batches after the end of a closed shard; the search stops at this number. */
const lateBytesMax = 64 * 1024 * 1024;

type Outcomes = readonly (Placed | GatewayError)[];
export class ReroutedBatches {
  readonly #settings: BatchRoutingSettings;
  readonly #idempotent = new ProducerMemory(() => new ProducerPartition<Outcomes>());
  readonly #transactional: TransactionalBatches;

  constructor(settings: BatchRoutingSettings) {
    this.#settings = settings;
    this.#transactional = new TransactionalBatches(settings);
  }

  /** Places a request's records for one partition. Returns Kafka's code; never throws. */
  async place(
    stream: Stream,
    index: number,
    records: Buffer | null,
    terms: ProducerTerms,
  ): Promise<number> {
    try {
      const checked = checkProduced(records);
      if (typeof checked === 'number') return checked;
      const what = () => ({ records: checked.bytes.toString('base64') });
      const forwarded = this.#forward(stream, index, checked, terms, what);
      if (forwarded !== undefined) return await forwarded;
      const batch = await readProduced(checked);
      if (typeof batch === 'number') return batch;
      return await this.#placeBatch(stream, index, batch, terms, false);
    } catch (error) {
      return codeOf(error);
    }
  }

  /**
   * Places a batch that is in the log of a closed shard after the shard's end, where Kinesis
   * readers do not see it. Returns as place.
   */
  async placeLate(
    stream: Stream,
    index: number,
    at: Offset,
    terms: ProducerTerms,
  ): Promise<number> {
    try {
      const where = { log: stream.name, partition: index };
      const [batch] = readBatches(await this.#settings.producers.batchesAt(where, at));
      if (batch === undefined || batch.baseOffset !== at) return errorCodes.REQUEST_TIMED_OUT;
      const forwarded = this.#forward(stream, index, batch, terms, () => ({ lateAt: String(at) }));
      if (forwarded !== undefined) return await forwarded;
      return await this.#placeBatch(stream, index, await withRecords(batch), terms, true);
    } catch (error) {
      return codeOf(error);
    }
  }

  /** Places a batch that another process has forwarded. Returns as place. */
  async placeForwarded({ createdAtMs, index, terms, ...batch }: ForwardedBatch): Promise<number> {
    try {
      const { streams } = this.#settings;
      let stream = await streams.find(batch.stream);
      // A slightly older view may show the shard as sealed, but not closed yet.
      if (stream.version < batch.version) stream = await streams.findNow(batch.stream);
      if (stream.createdAtMs !== createdAtMs) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      const { what } = batch;
      if ('lateAt' in what) {
        return await this.placeLate(stream, index, toOffset(BigInt(what.lateAt)), terms);
      }
      return await this.place(stream, index, Buffer.from(what.records, 'base64'), terms);
    } catch (error) {
      return codeOf(error);
    }
  }

  /** One process keeps the state of a producer, whichever process receives its batches. */
  #forward(
    { name, createdAtMs, version }: Stream,
    index: number,
    { producerId }: RecordBatch,
    terms: ProducerTerms,
    what: () => ForwardedBatch['what'],
  ): Promise<number> | undefined {
    if (producerId < 0n) return undefined;
    const send = this.#settings.forward?.(producerId);
    return send?.({ stream: name, createdAtMs, version, index, terms, what: what() });
  }

  async #placeBatch(
    stream: Stream,
    index: number,
    batch: ProducedBatch,
    terms: ProducerTerms,
    isLate: boolean,
  ): Promise<number> {
    const { producerId, producerEpoch } = batch;
    if (producerId < 0n) return codeOfAll(await this.#append(stream, index, batch, undefined));
    const producer = `${producerId} ${producerEpoch} ${stream.logId}`;
    if (batch.transactional) {
      if (terms.transactionalId === null) return errorCodes.INVALID_TXN_STATE;
      const { transactionalId } = terms;
      const how = { ...terms, transactionalId };
      return this.#transactional.place(stream, index, batch, how, isLate);
    }
    const known = this.#idempotent.of(`${producer} ${index}`);
    return known.turns.run(() => this.#once(stream, index, batch, known, isLate));
  }

  /** Places a batch of an idempotent producer, unless it is a retry of one in the log. */
  async #once(
    stream: Stream,
    index: number,
    batch: ProducedBatch,
    known: ProducerPartition<Outcomes>,
    isLate: boolean,
  ): Promise<number> {
    const { baseSequence, recordCount } = batch;
    if (!known.isKnown && !isLate) {
      const isWritten = await this.#learn(stream, index, batch, known);
      if (isWritten) return errorCodes.NONE;
    }
    const before = known.find(baseSequence, recordCount);
    if (before === undefined && !isLate && known.expected !== undefined) {
      const distance = sequenceDistance(known.expected, baseSequence);
      if (distance !== 0)
        return distance < 0
          ? errorCodes.DUPLICATE_SEQUENCE_NUMBER
          : errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER;
    }
    const entry = before ?? known.begin(baseSequence, recordCount);
    entry.placed = await this.#append(stream, index, batch, entry.placed);
    const code = codeOfAll(entry.placed);
    if (code === errorCodes.NONE) known.finish(entry);
    return code;
  }

  /**
   * Requests the producer's state from the closed partition's leader. Returns whether this batch is
   * in the shard: its response was lost, and the shard was closed before the producer's retry.
   */
  async #learn(
    stream: Stream,
    index: number,
    batch: ProducedBatch,
    known: ProducerPartition<unknown>,
  ): Promise<boolean> {
    const end = stream.shards[index]?.closed?.endOffset;
    if (end === undefined) return false;
    const where = { log: stream.name, partition: index };
    const state = await this.#settings.producers.producerState(where, batch.producerId);
    known.isKnown = true;
    if (state === undefined || state.epoch !== batch.producerEpoch) return false;
    if (state.lastSequence < 0) return false;
    known.expected = sequenceAfter(state.lastSequence, 1);
    const last = sequenceAfter(batch.baseSequence, batch.recordCount - 1);
    if (sequenceDistance(last, state.lastSequence) < 0) return false;
    if (!(await this.#isBehind(where, end, batch))) return true;
    // It is in the log, but not in the shard: it is placed now.
    known.expected = undefined;
    return false;
  }

  /** Whether the batch is after the end of the closed shard. */
  async #isBehind(where: LogPartition, end: Offset, batch: ProducedBatch): Promise<boolean> {
    const { producers, log } = this.#settings;
    const written = await log.writtenOffset(where);
    let seen = 0;
    for (let at = end; at < written && seen < lateBytesMax;) {
      const bytes = await producers.batchesAt(where, at);
      seen += bytes.length;
      const found = readBatches(bytes).filter(({ lastOffset }) => lastOffset >= at);
      if (found.some((each) => isSameBatch(each, batch))) return true;
      const last = found.at(-1);
      if (last === undefined) break;
      at = toOffset(last.lastOffset + 1n);
    }
    return false;
  }

  /** Appends the records by the gateway; after a former attempt, only those that failed. */
  async #append(
    stream: Stream,
    index: number,
    batch: ProducedBatch,
    before: Outcomes | undefined,
  ): Promise<Outcomes> {
    const records = batch.records;
    const open =
      before === undefined
        ? [...records.keys()]
        : [...records.keys()].filter((nth) => before[nth] instanceof GatewayError);
    const wanted = open.map((nth) => records[nth]!);
    const now = await currentView(this.#settings.streams, stream);
    const placed = await this.#settings.writer.place(now, wanted, (then, nth) =>
      shardOf(then, index, wanted[nth]!, batch),
    );
    const outcomes = before === undefined ? [...placed] : [...before];
    for (const [at, nth] of open.entries()) outcomes[nth] = placed[at]!;
    return outcomes;
  }
}

function isSameBatch(
  one: Pick<ProducedBatch, 'producerId' | 'producerEpoch' | 'baseSequence' | 'recordCount'>,
  other: ProducedBatch,
): boolean {
  return (
    one.producerId === other.producerId &&
    one.producerEpoch === other.producerEpoch &&
    one.baseSequence === other.baseSequence &&
    one.recordCount === other.recordCount
  );
}

/** Kafka's code for a batch: that of the first record that was not written, if any. */
function codeOfAll(outcomes: Outcomes): number {
  const failed = outcomes.find((each) => each instanceof GatewayError);
  return failed === undefined ? errorCodes.NONE : codeOf(failed);
}
