/**
 * The get path: fetches from a partition's leader and picks out what a reader of committed
 * records sees. Source: KIP-98, "Consumer"; the Kafka protocol guide, "Fetch API".
 *
 * A reader that takes few records at a time would have the same bytes fetched again and again;
 * what a fetch gave beyond the limit is kept for the read that goes on there.
 */
import { GatewayError } from '../../src/errors.ts';
import { type Offset, toOffset } from '../../src/domain/stream.ts';
import type { LogPartition, LogRecord, LogSlice, ReadLimits } from '../../src/ports/record-log.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import { WireError } from '../../src/wire/primitives.ts';
import { markerOf, readBatches, type RecordBatch, recordsOf } from '../../src/wire/record-batch.ts';
import type { Cluster } from './cluster.ts';
import { CodeError, noError, offsetOutOfRange } from './error-codes.ts';

const fetchApi = { request: fetchRequest, response: fetchResponse };
/** Topics by name: later versions name them by id. */
const fetchVersionMax = 12;
const readCommitted = 1;
/** Framing of batches and records beside the keys and values that a reader counts. */
const fetchBytesExtra = 64 * 1024;
const fetchBytesMin = 256 * 1024;
/** Taken for the size of a record where nothing is known of it. */
const recordBytesGuess = 1024;
const requestTimeoutMs = 20_000;

/** Bytes of fetched records kept for reads that go on where another ended. */
const leftoverBytesMax = 64 * 1024 * 1024;
const leftoverAgeMsMax = 10_000;

type Aborted = readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];

/** What is left of a fetch: records from `from` on, then the log at `nextOffset`. */
type Leftover = {
  readonly records: readonly LogRecord[];
  readonly nextOffset: Offset;
  readonly startOffset: Offset;
  readonly endOffset: Offset;
  readonly bytes: number;
  readonly keptAtMs: number;
};

export class FetchReader {
  readonly #cluster: Cluster;
  readonly #leftovers = new Map<string, Leftover>();
  #leftoverBytes = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Errors: CodeError, `unavailable`. */
  async read(
    leader: number,
    where: LogPartition,
    from: Offset,
    limits: ReadLimits,
  ): Promise<LogSlice | 'out-of-range'> {
    const kept = this.#takeLeftover(where, from);
    if (kept !== undefined) return this.#cut(where, kept, limits);
    const fetched = await this.#fetch(leader, where, from, limits);
    if (fetched === 'out-of-range') return fetched;
    return this.#cut(where, fetched, limits);
  }

  async #fetch(
    leader: number,
    where: LogPartition,
    from: Offset,
    { recordsMax, bytesMax, waitMsMax, signal }: ReadLimits,
  ): Promise<Leftover | 'out-of-range'> {
    const wanted = Math.min(bytesMax, recordsMax * recordBytesGuess);
    const partitionMaxBytes = Math.max(wanted + fetchBytesExtra, fetchBytesMin);
    const partition = { partition: where.partition, fetchOffset: from, partitionMaxBytes };
    const request = {
      replicaId: -1,
      maxWaitMs: waitMsMax,
      minBytes: 1,
      maxBytes: partitionMaxBytes,
      isolationLevel: readCommitted,
      topics: [{ topic: where.log, partitions: [partition] }],
    };
    const options = { versionMax: fetchVersionMax, timeoutMs: waitMsMax + requestTimeoutMs };
    const answer =
      waitMsMax > 0
        ? await this.#cluster.requestWaiting(leader, fetchApi, request, { ...options, signal })
        : await this.#cluster.requestTo(leader, 'fetch', fetchApi, request, options);
    const data = answer.responses[0]?.partitions[0];
    const code = data?.errorCode ?? answer.errorCode;
    if (code === offsetOutOfRange) return 'out-of-range';
    if (code !== noError) throw new CodeError(code, where);
    if (data === undefined) throw new GatewayError('unavailable', 'an empty fetch response');
    const aborted = data.abortedTransactions ?? [];
    const bytes = data.records ?? Buffer.alloc(0);
    return {
      ...visibleRecords(bytes, from, aborted, where),
      startOffset: toOffset(data.logStartOffset),
      endOffset: toOffset(data.lastStableOffset),
      bytes: bytes.length,
      keptAtMs: Date.now(),
    };
  }

  /** Gives what the limits allow, and keeps the rest. */
  #cut(where: LogPartition, fetched: Leftover, limits: ReadLimits): LogSlice {
    const { records, nextOffset, startOffset, endOffset } = fetched;
    const count = countWithin(records, limits);
    if (count === records.length) return { records, nextOffset, startOffset, endOffset };
    const rest = records[count]!;
    this.#keepLeftover(where, rest.offset, {
      ...fetched,
      records: records.slice(count),
      bytes: Math.ceil((fetched.bytes * (records.length - count)) / records.length),
    });
    return { records: records.slice(0, count), nextOffset: rest.offset, startOffset, endOffset };
  }

  #takeLeftover(where: LogPartition, from: Offset): Leftover | undefined {
    const key = leftoverKey(where, from);
    const found = this.#leftovers.get(key);
    if (found === undefined) return undefined;
    this.#leftovers.delete(key);
    this.#leftoverBytes -= found.bytes;
    return Date.now() - found.keptAtMs > leftoverAgeMsMax ? undefined : found;
  }

  #keepLeftover(where: LogPartition, from: Offset, leftover: Leftover): void {
    const key = leftoverKey(where, from);
    const before = this.#leftovers.get(key);
    if (before !== undefined) this.#leftoverBytes -= before.bytes;
    this.#leftovers.delete(key);
    this.#leftovers.set(key, leftover);
    this.#leftoverBytes += leftover.bytes;
    // The map is in order of insertion: the oldest go first.
    for (const [oldest, { bytes }] of this.#leftovers) {
      if (this.#leftoverBytes <= leftoverBytesMax) break;
      this.#leftovers.delete(oldest);
      this.#leftoverBytes -= bytes;
    }
  }
}

function leftoverKey({ log, partition }: LogPartition, from: Offset): string {
  return `${log} ${partition} ${from}`;
}

function countWithin(records: readonly LogRecord[], limits: ReadLimits): number {
  let bytes = 0;
  const most = Math.min(records.length, limits.recordsMax);
  for (let count = 0; count < most; count++) {
    const { key, value } = records[count]!;
    bytes += (key?.length ?? 0) + (value?.length ?? 0);
    if (bytes > limits.bytesMax && count > 0) return count;
  }
  return most;
}

/**
 * The records of committed transactions and of no transaction, from an offset on. Kafka lists
 * the transactions that were aborted in what it sent; a producer's records count as aborted from
 * the first offset of such a transaction up to its abort marker.
 */
function visibleRecords(
  bytes: Buffer,
  from: Offset,
  aborted: Aborted,
  where: LogPartition,
): { records: LogRecord[]; nextOffset: Offset } {
  const records: LogRecord[] = [];
  const open = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborting = new Set<bigint>();
  let nextOffset = from;
  try {
    for (const batch of readBatches(bytes)) {
      while (open.length > 0 && open[0]!.firstOffset <= batch.lastOffset) {
        aborting.add(open.shift()!.producerId);
      }
      nextOffset = toOffset(batch.lastOffset + 1n);
      if (nextOffset <= from) continue;
      if (batch.control) {
        if (markerOf(batch) === 'abort') aborting.delete(batch.producerId);
      } else if (!(batch.transactional && aborting.has(batch.producerId))) {
        addRecords(records, batch, from);
      }
    }
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    const message = `records of ${where.log}-${where.partition} near ${nextOffset} are broken`;
    throw new GatewayError('internal', message, { cause });
  }
  return { records, nextOffset: nextOffset < from ? from : nextOffset };
}

function addRecords(records: LogRecord[], batch: RecordBatch, from: Offset): void {
  const { baseOffset } = batch;
  for (const { offsetDelta, timestampMs, key, value } of recordsOf(batch)) {
    const offset = toOffset(baseOffset + BigInt(offsetDelta));
    if (offset >= from) records.push({ offset, timestampMs, key, value });
  }
}
