/**
 * The budgets of all shards of streams that follow Kinesis' rules: one per shard, whichever door is
 * used. Streams that follow Kafka's rules have no budget, and every call on them is granted. Each
 * gateway has its own budgets (docs/decisions/0009-limits.md); its workers share them
 * (shared-budgets.ts).
 *
 * Writers call `takeWrite`, which grants or refuses, or `chargeWrite`, which always grants and
 * returns how long the writer should wait. These are the two ways in which the protocols signal a
 * limit: Kinesis refuses, Kafka throttles.
 */
import {
  FanOutPace,
  ReadBudget,
  shardIteratorsPerSecond,
  subscriptionsPerSecond,
  throttleMsMax,
  shardReadBytesPerSecond,
  shardWriteBytesPerSecond,
  shardWriteRecordsPerSecond,
  TokenBucket,
  WriteBudget,
  YieldedHalf,
} from '../../domain/limits/rate-limit.ts';
import type { Stream } from '../../domain/streams/stream.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AppendRecord } from '../../ports/record-log.ts';
import { type CallUse, KeyedRates } from './keyed-rates.ts';

/**
 * The most shards with budgets. A budget that has not been used for a while is full and is dropped.
 */
const shardsMax = 100_000;
/** Longer than the longest deficit lasts. */
const idleAfterMs = 1.5 * throttleMsMax;
const sweepEveryMs = 1_000;
/** The most pairs of consumer and shard whose SubscribeToShard calls are counted. */
const subscribersMax = 100_000;

/** The part of a stream that limits depend on. */
export type LimitedStream = Pick<Stream, 'name' | 'logId' | 'rules' | 'mode' | 'recordKiBMax'>;

/** The usage of one shard since the last report. */
export type ShardUsage = {
  readonly index: number;
  /** Written. */
  readonly bytes: number;
  readonly records: number;
  /** A write was refused or throttled. */
  readonly isThrottled: boolean;
};

export type StreamUsage = {
  readonly name: string;
  readonly logId: string;
  readonly shards: readonly ShardUsage[];
};

/** What one process has taken from a shard's budgets, reported to the others that share them. */
export type ShardUse = {
  readonly stream: LimitedStream;
  readonly shard: number;
  /** Written, and the part of it written by clients that are throttled but never refused. */
  bytes: number;
  records: number;
  chargedBytes: number;
  chargedRecords: number;
  /** When a put was last refused, in wall-clock time. */
  putRefusedAtMs: number;
  readCalls: number;
  /** Read, and the part of it read by clients that are throttled but never refused. */
  readBytes: number;
  chargedReadBytes: number;
  /** When GetRecords was last refused because of the bytes read, in wall-clock time. */
  readRefusedAtMs: number;
  /** Reads are refused until this wall-clock time. */
  refusedUntilMs: number;
  iterators: number;
};

/** What one process has taken since its last report to the others. */
export type ShardUses = {
  readonly shards: readonly ShardUse[];
  readonly subscriptions: readonly CallUse[];
};

/** Shards reported per message; the rest follow in the next one. */
const shardsToldMax = 2_000;

/** The ms to wait before this many bytes are sent; they count from that moment. */
export type Pace = (bytes: number) => number;

class ShardBudgets {
  readonly write: WriteBudget;
  #read: ReadBudget | undefined;
  #iterators: TokenBucket | undefined;
  bytes = 0;
  records = 0;
  isThrottled = false;
  /** When puts, or GetRecords calls, were first refused. */
  writeHalf: YieldedHalf | undefined;
  readHalf: YieldedHalf | undefined;
  /** What has not been reported yet to the others that share the budget. */
  untold: ShardUse | undefined;

  constructor(recordBytesMax: number, nowMs: number) {
    this.write = new WriteBudget(recordBytesMax, nowMs);
  }

  read(nowMs: number): ReadBudget {
    return (this.#read ??= new ReadBudget(nowMs));
  }

  iterators(nowMs: number): TokenBucket {
    const perSecond = shardIteratorsPerSecond;
    return (this.#iterators ??= new TokenBucket(perSecond, perSecond, nowMs));
  }

  refusePut(atMs: number): void {
    this.writeHalf ??= new YieldedHalf(shardWriteBytesPerSecond, shardWriteRecordsPerSecond);
    this.writeHalf.refused(atMs);
  }

  refuseRead(atMs: number): void {
    this.readHalf ??= new YieldedHalf(shardReadBytesPerSecond, shardReadBytesPerSecond);
    this.readHalf.refused(atMs);
  }

  count(bytes: number, records: number): void {
    this.bytes += bytes;
    this.records += records;
  }
}

type StreamBudgets = {
  stream: LimitedStream;
  usedAtMs: number;
  /** By shard index; sparse. */
  readonly shards: ShardBudgets[];
  shardCount: number;
};

export class ShardLimits {
  readonly #clock: Clock;
  readonly #streams = new Map<string, StreamBudgets>();
  readonly #subscribers: KeyedRates;
  /** Shards that have not been reported to the others yet; undefined if budgets are not shared. */
  readonly #untold: ShardBudgets[] | undefined;
  #shardCount = 0;
  #sweptAtMs = -Infinity;

  constructor(clock: Clock, { isShared = false } = {}) {
    this.#clock = clock;
    this.#subscribers = new KeyedRates(clock, subscribersMax, { isShared });
    this.#untold = isShared ? [] : undefined;
  }

  /** Returns 0 if bytes and records are granted, else the ms until they would be. */
  takeWrite(stream: LimitedStream, shard: number, bytes: number, records: number): number {
    if (stream.rules === 'kafka') return 0;
    const nowMs = this.#clock.nowMs();
    const budgets = this.#budgetsOf(stream, shard, nowMs);
    const waitMs = budgets.write.take(bytes, records, nowMs);
    if (waitMs === 0) this.#countWrite(budgets, stream, shard, bytes, records);
    else this.#refusePut(budgets, stream, shard, nowMs);
    return waitMs;
  }

  /**
   * Takes records one by one. Returns how many are granted: all records after the first refused one
   * are refused too, so that a client that retries them keeps their order.
   */
  takeRecords(stream: LimitedStream, shard: number, records: readonly AppendRecord[]): number {
    if (stream.rules === 'kafka') return records.length;
    const nowMs = this.#clock.nowMs();
    const budgets = this.#budgetsOf(stream, shard, nowMs);
    let bytesTaken = 0;
    let granted = 0;
    for (; granted < records.length; granted++) {
      const { key, value } = records[granted]!;
      const bytes = (key?.length ?? 0) + (value?.length ?? 0);
      if (budgets.write.take(bytes, 1, nowMs) > 0) break;
      bytesTaken += bytes;
    }
    this.#countWrite(budgets, stream, shard, bytesTaken, granted);
    if (granted < records.length) this.#refusePut(budgets, stream, shard, nowMs);
    return granted;
  }

  /**
   * Whether a record would be granted after others that are about to be taken. Takes and reports
   * nothing: another shard can have the record.
   */
  hasRoom(
    stream: LimitedStream,
    shard: number,
    bytes: number,
    pendingBytes = 0,
    pendingRecords = 0,
  ): boolean {
    if (stream.rules === 'kafka') return true;
    const nowMs = this.#clock.nowMs();
    const { write } = this.#budgetsOf(stream, shard, nowMs);
    return write.hasRoom(pendingBytes, pendingRecords, bytes, nowMs);
  }

  /** Always grants; returns the ms that the writer should wait before it writes again. */
  chargeWrite(stream: LimitedStream, shard: number, bytes: number, records: number): number {
    if (stream.rules === 'kafka') return 0;
    const nowMs = this.#clock.nowMs();
    const budgets = this.#budgetsOf(stream, shard, nowMs);
    const use = this.#countWrite(budgets, stream, shard, bytes, records);
    if (use !== undefined) {
      use.chargedBytes += bytes;
      use.chargedRecords += records;
    }
    const halfMs = budgets.writeHalf?.charge(bytes, records, nowMs) ?? 0;
    const waitMs = Math.max(budgets.write.charge(bytes, records, nowMs), halfMs);
    if (waitMs > 0) budgets.isThrottled = true;
    return waitMs;
  }

  /**
   * Called before a GetRecords read. Returns 0 if it is granted, else the ms until one would be.
   */
  beginRead(stream: LimitedStream, shard: number): number {
    if (stream.rules === 'kafka') return 0;
    const nowMs = this.#clock.nowMs();
    const budgets = this.#budgetsOf(stream, shard, nowMs);
    const read = budgets.read(nowMs);
    const waitMs = read.begin(nowMs);
    if (waitMs > 0 && read.isOverRead(nowMs)) this.#refuseRead(budgets, stream, shard, nowMs);
    if (waitMs === 0 && this.#untold !== undefined) {
      this.#useOf(this.#untold, budgets, stream, shard).readCalls++;
    }
    return waitMs;
  }

  /** Charges what such a read has returned: data and keys. */
  endRead(stream: LimitedStream, shard: number, bytes: number): void {
    if (stream.rules === 'kafka') return;
    const nowMs = this.#clock.nowMs();
    const budgets = this.#budgetsOf(stream, shard, nowMs);
    const read = budgets.read(nowMs);
    read.end(bytes, nowMs);
    this.#countRead(budgets, stream, shard, bytes, read.refusedUntilMs);
  }

  /**
   * Charges what a reader that cannot be refused has read; returns the ms that it should wait. It
   * does not count as a call.
   */
  chargeRead(stream: LimitedStream, shard: number, bytes: number): number {
    if (stream.rules === 'kafka') return 0;
    const nowMs = this.#clock.nowMs();
    const budgets = this.#budgetsOf(stream, shard, nowMs);
    const use = this.#countRead(budgets, stream, shard, bytes, 0);
    if (use !== undefined) use.chargedReadBytes += bytes;
    const halfMs = budgets.readHalf?.charge(bytes, 0, nowMs) ?? 0;
    return Math.max(budgets.read(nowMs).charge(bytes, nowMs), halfMs);
  }

  /** Called before GetShardIterator looks up a position. */
  takeIterator(stream: LimitedStream, shard: number): boolean {
    if (stream.rules === 'kafka') return true;
    const nowMs = this.#clock.nowMs();
    const budgets = this.#budgetsOf(stream, shard, nowMs);
    const isGranted = budgets.iterators(nowMs).take(1, nowMs);
    if (isGranted && this.#untold !== undefined) {
      this.#useOf(this.#untold, budgets, stream, shard).iterators++;
    }
    return isGranted;
  }

  /** Called before a subscription; the key names consumer and shard. */
  takeSubscription(stream: LimitedStream, key: string): boolean {
    return stream.rules === 'kafka' || this.#subscribers.take(key, subscriptionsPerSecond);
  }

  /** The pace of one subscription; undefined if it has no limit. */
  fanOutPace(stream: LimitedStream): Pace | undefined {
    if (stream.rules === 'kafka') return undefined;
    const pace = new FanOutPace(this.#clock.nowMs());
    return (bytes) => pace.delayMs(bytes, this.#clock.nowMs());
  }

  /** The usage of on-demand streams since the last call. */
  takeUsage(): readonly StreamUsage[] {
    const usages: StreamUsage[] = [];
    for (const { stream, shards } of this.#streams.values()) {
      const used: ShardUsage[] = [];
      shards.forEach((budgets, index) => {
        const { bytes, records, isThrottled } = budgets;
        if (records === 0 && !isThrottled) return;
        used.push({ index, bytes, records, isThrottled });
        budgets.bytes = 0;
        budgets.records = 0;
        budgets.isThrottled = false;
      });
      // Usage from before a change of the stream's mode is dropped as well.
      if (used.length === 0 || stream.mode !== 'ON_DEMAND') continue;
      usages.push({ name: stream.name, logId: stream.logId, shards: used });
    }
    return usages;
  }

  /** What was taken here since the last report; nothing if budgets are not shared. */
  takeUses(): ShardUses {
    const shards = (this.#untold ?? []).splice(0, shardsToldMax).flatMap((budgets) => {
      const use = budgets.untold;
      budgets.untold = undefined;
      return use === undefined ? [] : [use];
    });
    return { shards, subscriptions: this.#subscribers.takeUses() };
  }

  /** Charges what other processes have taken; it is not usage of this process. */
  chargeUses({ shards, subscriptions }: ShardUses): void {
    const nowMs = this.#clock.nowMs();
    for (const { stream, shard, bytes, records, iterators, ...rest } of shards) {
      const { chargedBytes, chargedRecords, putRefusedAtMs, ...reads } = rest;
      const budgets = this.#budgetsOf(stream, shard, nowMs);
      budgets.write.charge(bytes, records, nowMs);
      if (putRefusedAtMs > 0) budgets.refusePut(putRefusedAtMs);
      budgets.writeHalf?.charge(chargedBytes, chargedRecords, nowMs);
      if (iterators > 0) budgets.iterators(nowMs).charge(iterators, nowMs);
      const { readCalls, readBytes, refusedUntilMs, readRefusedAtMs, chargedReadBytes } = reads;
      if (readRefusedAtMs > 0) budgets.refuseRead(readRefusedAtMs);
      budgets.readHalf?.charge(chargedReadBytes, 0, nowMs);
      if (readCalls + readBytes === 0) continue;
      const read = budgets.read(nowMs);
      read.chargeOther(readCalls, readBytes - chargedReadBytes, refusedUntilMs, nowMs);
      if (chargedReadBytes > 0) read.charge(chargedReadBytes, nowMs);
    }
    this.#subscribers.chargeUses(subscriptions);
  }

  /** Answers what is to be told to others, where budgets are shared. */
  #countWrite(
    budgets: ShardBudgets,
    stream: LimitedStream,
    shard: number,
    bytes: number,
    records: number,
  ): ShardUse | undefined {
    budgets.count(bytes, records);
    if (this.#untold === undefined || records === 0) return undefined;
    const use = this.#useOf(this.#untold, budgets, stream, shard);
    use.bytes += bytes;
    use.records += records;
    return use;
  }

  #refusePut(budgets: ShardBudgets, stream: LimitedStream, shard: number, nowMs: number): void {
    budgets.isThrottled = true;
    budgets.refusePut(nowMs);
    if (this.#untold !== undefined) {
      this.#useOf(this.#untold, budgets, stream, shard).putRefusedAtMs = nowMs;
    }
  }

  #refuseRead(budgets: ShardBudgets, stream: LimitedStream, shard: number, nowMs: number): void {
    budgets.refuseRead(nowMs);
    if (this.#untold !== undefined) {
      this.#useOf(this.#untold, budgets, stream, shard).readRefusedAtMs = nowMs;
    }
  }

  /** Answers what is to be told to others, where budgets are shared. */
  #countRead(
    budgets: ShardBudgets,
    stream: LimitedStream,
    shard: number,
    bytes: number,
    refusedUntilMs: number,
  ): ShardUse | undefined {
    if (this.#untold === undefined || bytes === 0) return undefined;
    const use = this.#useOf(this.#untold, budgets, stream, shard);
    use.readBytes += bytes;
    use.refusedUntilMs = Math.max(use.refusedUntilMs, refusedUntilMs);
    return use;
  }

  #useOf(
    untold: ShardBudgets[],
    budgets: ShardBudgets,
    { name, logId, rules, mode, recordKiBMax }: LimitedStream,
    shard: number,
  ): ShardUse {
    if (budgets.untold !== undefined) return budgets.untold;
    untold.push(budgets);
    const stream = { name, logId, rules, mode, recordKiBMax };
    const written = { bytes: 0, records: 0, chargedBytes: 0, chargedRecords: 0, putRefusedAtMs: 0 };
    const read = { readCalls: 0, readBytes: 0, chargedReadBytes: 0, readRefusedAtMs: 0 };
    const rest = { iterators: 0, refusedUntilMs: 0 };
    return (budgets.untold = { stream, shard, ...written, ...read, ...rest });
  }

  #budgetsOf(stream: LimitedStream, shard: number, nowMs: number): ShardBudgets {
    let ofStream = this.#streams.get(stream.logId);
    if (ofStream === undefined) {
      ofStream = { stream, usedAtMs: nowMs, shards: [], shardCount: 0 };
      this.#streams.set(stream.logId, ofStream);
    }
    ofStream.stream = stream;
    ofStream.usedAtMs = nowMs;
    const recordBytesMax = stream.recordKiBMax * 1024;
    const known = ofStream.shards[shard];
    if (known !== undefined) {
      known.write.recordBytesMax = recordBytesMax;
      return known;
    }
    if (this.#shardCount >= shardsMax) this.#makeRoom(ofStream, nowMs);
    const made = new ShardBudgets(recordBytesMax, nowMs);
    ofStream.shards[shard] = made;
    ofStream.shardCount++;
    this.#shardCount++;
    return made;
  }

  /** Drops idle budgets, or, if there are none, those of the oldest stream. */
  #makeRoom(wanted: StreamBudgets, nowMs: number): void {
    if (nowMs - this.#sweptAtMs >= sweepEveryMs) {
      this.#sweptAtMs = nowMs;
      for (const [logId, each] of this.#streams) {
        if (nowMs - each.usedAtMs >= idleAfterMs) this.#forget(logId, each);
      }
    }
    if (this.#shardCount < shardsMax) return;
    for (const [logId, each] of this.#streams) {
      if (each === wanted) continue;
      this.#forget(logId, each);
      return;
    }
  }

  #forget(logId: string, { shardCount }: StreamBudgets): void {
    this.#streams.delete(logId);
    this.#shardCount -= shardCount;
  }
}
