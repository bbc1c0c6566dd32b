/**
 * The get path: fetches from a partition's leader and returns what a read_committed consumer sees.
 * Source: KIP-98, "Consumer"; the Kafka protocol guide, "Fetch API".
 *
 * A reader that takes few records at a time would fetch the same bytes repeatedly, so records of a
 * fetch beyond the limit are kept for the read that continues there.
 */
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../src/domain/errors.ts';
import { type Offset, toOffset } from '../../src/domain/streams/stream.ts';
import type { LogPartition, LogRecord, LogSlice, ReadLimits } from '../../src/ports/record-log.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import { WireError } from '../../src/wire/primitives.ts';
import type { RecordBatch } from '../../src/wire/batch.ts';
import { markerOf, readBatches, recordsOf, unpackBatch } from '../../src/wire/record-batch.ts';
import type { Cluster } from './cluster.ts';
import { frameMemory } from './frame-memory.ts';
import { CodeError } from './error-kinds.ts';
import { errorCodes } from '../../src/wire/errors.ts';

const fetchApi = { request: fetchRequest, response: fetchResponse };
/** The last version that names topics: later ones use topic ids. */
const fetchVersionMax = 12;
const readCommitted = 1;
/**
 * Space for the framing of batches and records, beside the keys and values that a reader counts.
 */
const fetchBytesExtra = 64 * 1024;
const fetchBytesMin = 256 * 1024;
/** The assumed record size if none is known. */
const recordBytesGuess = 2048;
const requestTimeoutMs = 20_000;
/**
 * Batches of one fetch are decompressed up to this size; a later read continues with the next one.
 */
const unpackedBytesMax = 64 * 1024 * 1024;

/** Memory for fetched records that are kept for reads that continue where another ended. */
const leftoverBytesMax = 32 * 1024 * 1024;
const leftoverAgeMsMax = 5_000;
/** Approximate memory of a decoded record beside its key and value. */
const recordOverheadBytes = 200;
/** Leftovers up to this size are copied, so that they do not keep a whole fetch in memory. */
const copiedBytesMax = 1024 * 1024;

type Aborted = readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];

export class FetchReader {
  readonly #cluster: Cluster;
  /** Records that were left over; the log continues at `nextOffset`. */
  readonly #leftovers = new LRUCache<string, LogSlice>({
    maxSize: leftoverBytesMax,
    sizeCalculation: ({ records }) => memoryOf(records),
    ttl: leftoverAgeMsMax,
  });
  #isSweeping = false;

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
    if (kept === undefined) {
      const fetched = await this.#fetch(leader, where, from, limits);
      return fetched === 'out-of-range' ? fetched : this.#cut(where, fetched, limits);
    }
    if (countWithin(kept.records, limits) < kept.records.length) {
      return this.#cut(where, kept, limits);
    }
    // Everything was returned, so the log is asked for newer records.
    const recordsMax = Math.max(1, limits.recordsMax - kept.records.length);
    const wanted = { ...limits, recordsMax, waitMsMax: 0 };
    const fetched = await this.#fetch(leader, where, kept.nextOffset, wanted);
    if (fetched === 'out-of-range') return kept;
    return this.#cut(where, { ...fetched, records: kept.records.concat(fetched.records) }, limits);
  }

  async #fetch(
    leader: number,
    where: LogPartition,
    from: Offset,
    { recordsMax, bytesMax, waitMsMax, signal }: ReadLimits,
  ): Promise<LogSlice | 'out-of-range'> {
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
    if (code === errorCodes.OFFSET_OUT_OF_RANGE) return 'out-of-range';
    if (code !== errorCodes.NONE) throw new CodeError(code, where);
    if (data === undefined) throw new GatewayError('unavailable', 'an empty fetch response');
    const aborted = data.abortedTransactions ?? [];
    const bytes = data.records ?? Buffer.alloc(0);
    return {
      ...(await visibleRecords(bytes, from, aborted, where)),
      startOffset: toOffset(data.logStartOffset),
      endOffset: toOffset(data.lastStableOffset),
      release: () => frameMemory.giveBack(bytes),
    };
  }

  /** Returns what the limits allow, and keeps the rest. */
  #cut(where: LogPartition, slice: LogSlice, limits: ReadLimits): LogSlice {
    const { records } = slice;
    const count = countWithin(records, limits);
    if (count === records.length) return slice;
    const nextOffset = records[count]!.offset;
    const rest = records.slice(count);
    const copied = copyOf(rest);
    const leftover = { ...slice, records: copied ?? rest, release: undefined };
    this.#keepLeftover(where, nextOffset, leftover);
    const given = { ...slice, records: records.slice(0, count), nextOffset };
    // The leftover's views need this memory.
    return copied === undefined ? { ...given, release: undefined } : given;
  }

  #takeLeftover(where: LogPartition, from: Offset): LogSlice | undefined {
    const key = leftoverKey(where, from);
    const found = this.#leftovers.get(key);
    this.#leftovers.delete(key);
    return found;
  }

  #keepLeftover(where: LogPartition, from: Offset, slice: LogSlice): void {
    this.#leftovers.set(leftoverKey(where, from), slice);
    this.#scheduleSweep();
  }

  /** Releases the memory of unused entries: lru-cache itself would only do so with the next put. */
  #scheduleSweep(): void {
    if (this.#isSweeping || this.#leftovers.size === 0) return;
    this.#isSweeping = true;
    const sweep = () => {
      this.#isSweeping = false;
      this.#leftovers.purgeStale();
      this.#scheduleSweep();
    };
    setTimeout(sweep, leftoverAgeMsMax).unref();
  }
}

/** Copies the records, which frees the memory of their fetch, unless there are many. */
function copyOf(records: readonly LogRecord[]): readonly LogRecord[] | undefined {
  let size = 0;
  for (const { key, value } of records) size += (key?.length ?? 0) + (value?.length ?? 0);
  if (size > copiedBytesMax) return undefined;
  const memory = Buffer.allocUnsafeSlow(size);
  let end = 0;
  const copy = (bytes: Buffer | null): Buffer | null => {
    if (bytes === null) return null;
    const start = end;
    end += bytes.copy(memory, start);
    return memory.subarray(start, end);
  };
  return records.map((record) => ({ ...record, key: copy(record.key), value: copy(record.value) }));
}

/**
 * Records are views into the bytes of their fetch, which stay in memory as long as one of them
 * does.
 */
function memoryOf(records: readonly LogRecord[]): number {
  let bytes = records.length * recordOverheadBytes;
  let last: ArrayBufferLike | undefined;
  for (const { key, value } of records) {
    const memory = (value ?? key)?.buffer;
    if (memory === undefined || memory === last) continue;
    last = memory;
    bytes += memory.byteLength;
  }
  return bytes;
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
 * The records outside of transactions and of committed transactions, from an offset on. Kafka's
 * response lists aborted transactions: a producer's records count as aborted from the first offset
 * of such a transaction up to its abort marker.
 */
async function visibleRecords(
  bytes: Buffer,
  from: Offset,
  aborted: Aborted,
  where: LogPartition,
): Promise<{ records: LogRecord[]; nextOffset: Offset }> {
  const records: LogRecord[] = [];
  const open = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborting = new Set<bigint>();
  let nextOffset = from;
  let unpackedBytes = 0;
  try {
    for (const batch of readBatches(bytes)) {
      if (unpackedBytes >= unpackedBytesMax) break;
      while (open.length > 0 && open[0]!.firstOffset <= batch.lastOffset) {
        aborting.add(open.shift()!.producerId);
      }
      nextOffset = toOffset(batch.lastOffset + 1n);
      if (nextOffset <= from) continue;
      if (batch.control) {
        if (markerOf(batch) === 'abort') aborting.delete(batch.producerId);
      } else if (!(batch.transactional && aborting.has(batch.producerId))) {
        const plain = batch.plain === undefined ? await unpackBatch(batch) : batch;
        if (plain !== batch) unpackedBytes += plain.plain?.length ?? 0;
        addRecords(records, plain, from);
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
