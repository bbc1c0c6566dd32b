/**
 * Token buckets. Pure: the time is passed in, in milliseconds of any clock; a clock that steps back
 * refills nothing and does no other harm. Taking tokens allocates nothing, so a bucket may be asked
 * once for each record.
 *
 * Sources: "Quotas and limits" and "Handle large records", Kinesis Data Streams developer guide
 * (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html), and GetRecords,
 * Kinesis API reference.
 */

/** For one shard; AWS writes MB and means MiB. */
export const shardWriteBytesPerSecond = 1024 * 1024;
export const shardWriteRecordsPerSecond = 1_000;
export const shardReadBytesPerSecond = 2 * 1024 * 1024;
export const shardReadCallsPerSecond = 5;
export const shardIteratorsPerSecond = 5;
/** For one enhanced fan-out consumer and one shard. */
export const fanOutBytesPerSecond = 2 * 1024 * 1024;
export const subscriptionsPerSecond = 1;

/**
 * The longest throttle time that is reported to a writer or reader that cannot be refused, and so
 * the largest deficit that it can build up. It is below the 30 s after which clients give up a
 * request: the connection of a client that does not wait by itself is muted for that time
 * (KIP-219).
 */
export const throttleMsMax = 20_000;

/**
 * For this long after a call was refused, callers that cannot be refused get half of the rate. It
 * is long enough that few calls are refused, and longer than refused clients wait before they
 * retry.
 */
const yieldMs = 10_000;

/** Sums of fractions are not exact: a smaller shortfall counts as none. */
const tolerance = 1e-6;

/** Refills at a steady rate up to `burst`. */
export class TokenBucket {
  readonly #perMs: number;
  #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes effect at once: tokens above the new burst are lost. */
  set burst(burst: number) {
    this.#burst = burst;
    if (this.#tokens > burst) this.#tokens = burst;
  }

  /**
   * Whole milliseconds until that many tokens are available, or the bucket is full; 0 if they are
   * available now.
   */
  waitMs(tokens: number, nowMs: number): number {
    this.#refill(nowMs);
    const missing = Math.min(tokens, this.#burst) - this.#tokens;
    return missing <= tolerance ? 0 : Math.ceil(missing / this.#perMs - tolerance);
  }

  /** Whether `take` would grant them after others that are not taken yet; takes nothing. */
  hasRoom(pending: number, tokens: number, nowMs: number): boolean {
    this.#refill(nowMs);
    return Math.min(tokens, this.#burst) - (this.#tokens - pending) <= tolerance;
  }

  /** Takes tokens even if they are not available yet: the bucket then has a deficit. */
  spend(tokens: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= tokens;
  }

  /** As spend, but the deficit never takes longer than throttleMsMax to refill. */
  charge(tokens: number, nowMs: number): void {
    this.spend(tokens, nowMs);
    this.#tokens = Math.max(this.#tokens, -throttleMsMax * this.#perMs);
  }

  /** Takes all of the tokens or none. */
  take(tokens: number, nowMs: number): boolean {
    if (this.waitMs(tokens, nowMs) > 0) return false;
    this.#tokens -= tokens;
    return true;
  }

  #refill(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    this.#atMs = nowMs;
    if (elapsedMs <= 0) return;
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#perMs);
  }
}

/** Bytes and records, each with its own rate. */
class TokenPair {
  readonly #bytes: TokenBucket;
  readonly #records: TokenBucket;

  /** One second's worth of records may come at once, and `burst` bytes. */
  constructor(bytesPerSecond: number, bytesBurst: number, recordsPerSecond: number, nowMs: number) {
    this.#bytes = new TokenBucket(bytesPerSecond, bytesBurst, nowMs);
    this.#records = new TokenBucket(recordsPerSecond, recordsPerSecond, nowMs);
  }

  set bytesBurst(burst: number) {
    this.#bytes.burst = burst;
  }

  /** Takes both or neither. Returns 0 if granted, else the milliseconds until it would be. */
  take(bytes: number, records: number, nowMs: number): number {
    const waitMs = Math.max(this.#bytes.waitMs(bytes, nowMs), this.#records.waitMs(records, nowMs));
    if (waitMs === 0) {
      this.#bytes.spend(bytes, nowMs);
      this.#records.spend(records, nowMs);
    }
    return waitMs;
  }

  /** Whether `take` would grant one more record after others; takes nothing. */
  hasRoom(pendingBytes: number, pendingRecords: number, bytes: number, nowMs: number): boolean {
    return (
      this.#bytes.hasRoom(pendingBytes, bytes, nowMs) &&
      this.#records.hasRoom(pendingRecords, 1, nowMs)
    );
  }

  /**
   * Takes both in any case. Returns the milliseconds until there is no deficit, throttleMsMax at
   * most; until then `take` refuses.
   */
  charge(bytes: number, records: number, nowMs: number): number {
    this.#bytes.charge(bytes, nowMs);
    this.#records.charge(records, nowMs);
    return Math.max(this.#bytes.waitMs(0, nowMs), this.#records.waitMs(0, nowMs));
  }
}

/**
 * What may be written into one shard. One second's worth may come at once. If larger records are
 * allowed, the bucket's burst is the size of one such record: the record drains the bucket, which
 * refills at the ordinary rate.
 */
export class WriteBudget extends TokenPair {
  #recordBytesMax: number;

  constructor(recordBytesMax: number, nowMs: number) {
    super(shardWriteBytesPerSecond, burstFor(recordBytesMax), shardWriteRecordsPerSecond, nowMs);
    this.#recordBytesMax = recordBytesMax;
  }

  /** The largest record of the stream was changed. */
  set recordBytesMax(recordBytesMax: number) {
    if (this.#recordBytesMax === recordBytesMax) return;
    this.#recordBytesMax = recordBytesMax;
    this.bytesBurst = burstFor(recordBytesMax);
  }
}

function burstFor(recordBytesMax: number): number {
  return Math.max(shardWriteBytesPerSecond, recordBytesMax);
}

/**
 * What GetRecords may read from one shard. A call is granted before its result size is known. A
 * call that reads more than the bucket holds is answered, and the calls after it are refused until
 * its bytes have been refilled at the ordinary rate: 5 s after 10 MiB.
 */
export class ReadBudget {
  readonly #calls: TokenBucket;
  readonly #bytes: TokenBucket;
  #refusedUntilMs = 0;

  constructor(nowMs: number) {
    this.#calls = new TokenBucket(shardReadCallsPerSecond, shardReadCallsPerSecond, nowMs);
    this.#bytes = new TokenBucket(shardReadBytesPerSecond, shardReadBytesPerSecond, nowMs);
  }

  /** Returns 0 if the call is granted, else the milliseconds until one would be. */
  begin(nowMs: number): number {
    const bytesMs = this.#refusedUntilMs - nowMs;
    const waitMs = Math.max(bytesMs, this.#calls.waitMs(1, nowMs), 0);
    if (waitMs === 0) this.#calls.spend(1, nowMs);
    return waitMs;
  }

  /** Whether calls are refused because of the bytes read, and not because of their number. */
  isOverRead(nowMs: number): boolean {
    return this.#refusedUntilMs > nowMs;
  }

  /** Records what a granted call has read. */
  end(bytes: number, nowMs: number): void {
    const isWithin = bytes <= shardReadBytesPerSecond && this.#bytes.waitMs(bytes, nowMs) === 0;
    this.#bytes.spend(bytes, nowMs);
    if (isWithin) return;
    const refusedMs = Math.ceil((bytes / shardReadBytesPerSecond) * 1000);
    this.#refusedUntilMs = Math.max(this.#refusedUntilMs, nowMs + refusedMs);
  }

  /**
   * Calls before this time are refused, whatever the rates; in terms of the clock that is passed
   * in.
   */
  get refusedUntilMs(): number {
    return this.#refusedUntilMs;
  }

  /** Records the calls and bytes that other processes sharing the budget have granted. */
  chargeOther(calls: number, bytes: number, refusedUntilMs: number, nowMs: number): void {
    this.#calls.charge(calls, nowMs);
    this.#bytes.charge(bytes, nowMs);
    this.#refusedUntilMs = Math.max(this.#refusedUntilMs, refusedUntilMs);
  }

  /**
   * Records what a reader that cannot be refused has read; it does not count as a call. Returns the
   * milliseconds until there is no deficit, throttleMsMax at most; until then `begin` refuses.
   */
  charge(bytes: number, nowMs: number): number {
    this.#bytes.charge(bytes, nowMs);
    const waitMs = this.#bytes.waitMs(0, nowMs);
    if (waitMs > 0) this.#refusedUntilMs = Math.max(this.#refusedUntilMs, nowMs + waitMs);
    return waitMs;
  }
}

/**
 * The share for clients that are throttled but never refused (Kafka), while others (Kinesis) are
 * refused: half of the rate. Otherwise clients that may build up a deficit would starve those that
 * may not.
 */
export class YieldedHalf {
  readonly #bytesPerSecond: number;
  readonly #recordsPerSecond: number;
  #refusedAtMs = -Infinity;
  #half: TokenPair | undefined;

  constructor(bytesPerSecond: number, recordsPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond / 2;
    this.#recordsPerSecond = recordsPerSecond / 2;
  }

  /** A call by another client was refused. */
  refused(atMs: number): void {
    if (atMs > this.#refusedAtMs) this.#refusedAtMs = atMs;
  }

  /** Returns the milliseconds until this is within the half; 0 if no calls are being refused. */
  charge(bytes: number, records: number, nowMs: number): number {
    if (nowMs - this.#refusedAtMs >= yieldMs) {
      this.#half = undefined;
      return 0;
    }
    const [bytesRate, recordsRate] = [this.#bytesPerSecond, this.#recordsPerSecond];
    this.#half ??= new TokenPair(bytesRate, bytesRate, recordsRate, nowMs);
    return this.#half.charge(bytes, records, nowMs);
  }
}

/**
 * Paces one enhanced fan-out subscription: nothing is refused, events that would be too fast wait.
 */
export class FanOutPace {
  readonly #bytes: TokenBucket;

  constructor(nowMs: number) {
    this.#bytes = new TokenBucket(fanOutBytesPerSecond, fanOutBytesPerSecond, nowMs);
  }

  /**
   * Milliseconds to wait before an event of this size is sent; its bytes count from that moment.
   */
  delayMs(bytes: number, nowMs: number): number {
    const waitMs = this.#bytes.waitMs(bytes, nowMs);
    this.#bytes.spend(bytes, nowMs);
    return waitMs;
  }
}
