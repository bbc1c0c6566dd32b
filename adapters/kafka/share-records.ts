/** Decodes what a fetch of a share group has acquired: ranges of offsets, and batches. */
import { GatewayError } from '../../src/domain/errors.ts';
import { toOffset } from '../../src/domain/streams/stream.ts';
import type { LogPartition } from '../../src/ports/record-log.ts';
import type { AcquiredRecord } from '../../src/ports/share-log.ts';
import type { RecordBatch } from '../../src/wire/batch.ts';
import { WireError } from '../../src/wire/primitives.ts';
import {
  leaderEpochOf,
  readBatches,
  unpackBatch,
  visitRecords,
} from '../../src/wire/record-batch.ts';
import type { FetchedPartition } from './share-sessions.ts';

type Range = FetchedPartition['acquiredRecords'][number];
export type OffsetRange = { readonly firstOffset: bigint; readonly lastOffset: bigint };

/** Acquired offsets without a record. */
export type Recordless = {
  /** Markers of transactions, records of aborted ones, and what compaction has removed. */
  readonly gaps: readonly OffsetRange[];
  /** After the last batch of the response, so it is not known what is there. */
  readonly unread: readonly OffsetRange[];
};

/**
 * Appends the acquired records of a partition to `records`. `leaderEpoch` is the epoch of the
 * partition's leader, or a later one. Errors: `internal`.
 */
export async function readAcquired(
  { records: bytes, acquiredRecords: ranges }: FetchedPartition,
  where: LogPartition,
  leaderEpoch: number,
  records: AcquiredRecord[],
): Promise<Recordless> {
  const walk = new RangeWalk(ranges);
  try {
    for (const batch of bytes === null ? [] : readBatches(bytes)) {
      if (!walk.meets(batch) || batch.control) continue;
      const plain = batch.plain === undefined ? await unpackBatch(batch) : batch;
      addAcquired(plain, where.partition, leaderEpochOf(batch) < leaderEpoch, walk, records);
    }
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    const message = `records of ${where.log}-${where.partition} are broken`;
    throw new GatewayError('internal', message, { cause });
  }
  return walk.finish();
}

function addAcquired(
  batch: RecordBatch,
  partition: number,
  isOlderThanLeader: boolean,
  walk: RangeWalk,
  records: AcquiredRecord[],
): void {
  const { baseOffset } = batch;
  const base = walk.placeOf(baseOffset);
  const deltaMax = walk.end - base;
  visitRecords(batch, walk.next - base, deltaMax, (offsetDelta, timestampMs, key, value) => {
    const deliveryCount = walk.take(base + offsetDelta);
    if (deliveryCount === undefined) return;
    const offset = toOffset(baseOffset + BigInt(offsetDelta));
    const record = { offset, timestampMs, key, value, partition, deliveryCount, isOlderThanLeader };
    records.push(record);
  });
}

/**
 * Goes through acquired ranges and the offsets of records, both ascending. Offsets are counted from
 * the first acquired one, as numbers: a bigint would be an allocation for each record.
 */
class RangeWalk {
  readonly #ranges: readonly Range[];
  readonly #origin: bigint;
  readonly #gaps: OffsetRange[] = [];
  #at = 0;
  #last = -1;
  /** One past the last offset of the last batch. */
  #met = 0;
  /** The first acquired offset that is not accounted for. */
  next = 0;
  /** The last acquired offset. */
  readonly end: number;

  constructor(ranges: readonly Range[]) {
    this.#ranges = ranges;
    this.#origin = ranges[0]?.firstOffset ?? 0n;
    this.end = this.placeOf(ranges.at(-1)?.lastOffset ?? this.#origin - 1n);
    this.#enter();
  }

  placeOf(offset: bigint): number {
    return Number(offset - this.#origin);
  }

  /** Whether something acquired may be in the batch. */
  meets({ lastOffset }: RecordBatch): boolean {
    this.#met = this.placeOf(lastOffset) + 1;
    return this.#at < this.#ranges.length && this.#met > this.next;
  }

  /** The delivery count of an offset that has a record; undefined if it was not acquired. */
  take(place: number): number | undefined {
    while (place > this.#last) {
      if (this.#at === this.#ranges.length) return undefined;
      this.#leave(this.#last);
    }
    if (place < this.next) return undefined;
    this.#skipTo(place);
    this.next = place + 1;
    return this.#ranges[this.#at]!.deliveryCount;
  }

  finish(): Recordless {
    while (this.#at < this.#ranges.length && this.#last < this.#met) this.#leave(this.#last);
    if (this.#at === this.#ranges.length) return { gaps: this.#gaps, unread: [] };
    if (this.#met > this.next) this.#skipTo(this.#met);
    const rest = this.#ranges.slice(this.#at + 1);
    return { gaps: this.#gaps, unread: [this.#rangeOf(this.next, this.#last), ...rest] };
  }

  #leave(last: number): void {
    this.#skipTo(last + 1);
    this.#at++;
    this.#enter();
  }

  #enter(): void {
    const range = this.#ranges[this.#at];
    if (range === undefined) return;
    this.next = this.placeOf(range.firstOffset);
    this.#last = this.placeOf(range.lastOffset);
  }

  #skipTo(place: number): void {
    if (place > this.next) this.#gaps.push(this.#rangeOf(this.next, place - 1));
    this.next = place;
  }

  #rangeOf(first: number, last: number): OffsetRange {
    return {
      firstOffset: this.#origin + BigInt(first),
      lastOffset: this.#origin + BigInt(last),
    };
  }
}
