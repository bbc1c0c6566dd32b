/**
 * Budgets that refill with time. Pure: the time is passed in, in milliseconds of any clock; a
 * clock that steps back refills nothing, and does no other harm. Taking allocates nothing, so that
 * a budget may be asked once for each record.
 *
 * Sources: "Quotas and limits" and "Handle large records", Kinesis Data Streams developer guide
 * (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html), and GetRecords,
 * Kinesis API reference.
 */

/** Of one shard; AWS says MB and means MiB. */
export const shardWriteBytesPerSecond = 1024 * 1024;
export const shardWriteRecordsPerSecond = 1_000;
export const shardReadBytesPerSecond = 2 * 1024 * 1024;
export const shardReadCallsPerSecond = 5;
export const shardIteratorsPerSecond = 5;
/** Of one consumer of enhanced fan-out and one shard. */
export const fanOutBytesPerSecond = 2 * 1024 * 1024;
export const subscriptionsPerSecond = 1;

/**
 * The longest wait that a writer or reader who cannot be refused is told, and so the most that it
 * can owe. Below the 30 s after which clients give a request up: one that does not wait by itself
 * (KIP-219) finds its next request read no sooner.
 */
export const throttleMsMax = 20_000;

/**
 * For so long after somebody was refused, those who cannot be refused have half of the rate: long
 * enough that few calls are refused, and more than what refused clients wait before they try again.
 */
const yieldMs = 10_000;

/** Sums of fractions are not exact: what is missing by less is not missing. */
const tolerance = 1e-6;

/** Fills at a steady rate up to `burst`. */
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

  /** Takes effect at once: a bucket that is fuller than that loses the rest. */
  set burst(burst: number) {
    this.#burst = burst;
    if (this.#tokens > burst) this.#tokens = burst;
  }

  /** Whole milliseconds until so many tokens are there, or the bucket is full; 0 where they are. */
  waitMs(tokens: number, nowMs: number): number {
    this.#refill(nowMs);
    const missing = Math.min(tokens, this.#burst) - this.#tokens;
    return missing <= tolerance ? 0 : Math.ceil(missing / this.#perMs - tolerance);
  }

  /** Takes tokens that need not be there yet: the bucket then owes them. */
  spend(tokens: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= tokens;
  }

  /** As spend, but what is owed never takes longer than throttleMsMax. */
  charge(tokens: number, nowMs: number): void {
    this.spend(tokens, nowMs);
    this.#tokens = Math.max(this.#tokens, -throttleMsMax * this.#perMs);
  }

  /** Takes all or none. */
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

/** Bytes and records, each with a rate of its own. */
class TokenPair {
  readonly #bytes: TokenBucket;
  readonly #records: TokenBucket;

  /** A second's worth of records may come at once, and so many bytes. */
  constructor(bytesPerSecond: number, bytesBurst: number, recordsPerSecond: number, nowMs: number) {
    this.#bytes = new TokenBucket(bytesPerSecond, bytesBurst, nowMs);
    this.#records = new TokenBucket(recordsPerSecond, recordsPerSecond, nowMs);
  }

  set bytesBurst(burst: number) {
    this.#bytes.burst = burst;
  }

  /** Takes both or neither. Answers 0 where granted, else the milliseconds until it would be. */
  take(bytes: number, records: number, nowMs: number): number {
    const waitMs = Math.max(this.#bytes.waitMs(bytes, nowMs), this.#records.waitMs(records, nowMs));
    if (waitMs === 0) {
      this.#bytes.spend(bytes, nowMs);
      this.#records.spend(records, nowMs);
    }
    return waitMs;
  }

  /**
   * Takes both in any case. Answers the milliseconds until nothing is owed, throttleMsMax at most;
   * until then `take` refuses.
   */
  charge(bytes: number, records: number, nowMs: number): number {
    this.#bytes.charge(bytes, nowMs);
    this.#records.charge(records, nowMs);
    return Math.max(this.#bytes.waitMs(0, nowMs), this.#records.waitMs(0, nowMs));
  }
}

/**
 * What may be written into one shard. A second's worth may come at once. Where larger records than
 * that are allowed, the shard bursts to the size of one: it drains the budget, which refills at
 * the ordinary rate.
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
 * What GetRecords may read from one shard: a call is granted before it is known what it finds. One
 * that finds more than the budget holds is answered, and the calls after it are refused for as
 * long as what it read takes at the ordinary rate: 5 s after 10 MiB.
 */
export class ReadBudget {
  readonly #calls: TokenBucket;
  readonly #bytes: TokenBucket;
  #refusedUntilMs = 0;

  constructor(nowMs: number) {
    this.#calls = new TokenBucket(shardReadCallsPerSecond, shardReadCallsPerSecond, nowMs);
    this.#bytes = new TokenBucket(shardReadBytesPerSecond, shardReadBytesPerSecond, nowMs);
  }

  /** Answers 0 where the call is granted, else the milliseconds until one would be. */
  begin(nowMs: number): number {
    const bytesMs = this.#refusedUntilMs - nowMs;
    const waitMs = Math.max(bytesMs, this.#calls.waitMs(1, nowMs), 0);
    if (waitMs === 0) this.#calls.spend(1, nowMs);
    return waitMs;
  }

  /** Whether calls are refused for what was read, and not for their number. */
  isOverRead(nowMs: number): boolean {
    return this.#refusedUntilMs > nowMs;
  }

  /** What a granted call has read. */
  end(bytes: number, nowMs: number): void {
    const isWithin = bytes <= shardReadBytesPerSecond && this.#bytes.waitMs(bytes, nowMs) === 0;
    this.#bytes.spend(bytes, nowMs);
    if (isWithin) return;
    const refusedMs = Math.ceil((bytes / shardReadBytesPerSecond) * 1000);
    this.#refusedUntilMs = Math.max(this.#refusedUntilMs, nowMs + refusedMs);
  }

  /** Calls before this time are refused, whatever the rates; by the clock that is passed in. */
  get refusedUntilMs(): number {
    return this.#refusedUntilMs;
  }

  /** What others who share the budget have called and read, who were granted it elsewhere. */
  chargeOther(calls: number, bytes: number, refusedUntilMs: number, nowMs: number): void {
    this.#calls.charge(calls, nowMs);
    this.#bytes.charge(bytes, nowMs);
    this.#refusedUntilMs = Math.max(this.#refusedUntilMs, refusedUntilMs);
  }

  /**
   * What a reader who cannot be refused has read; it is no call. Answers the milliseconds until
   * nothing is owed, throttleMsMax at most; until then `begin` refuses.
   */
  charge(bytes: number, nowMs: number): number {
    this.#bytes.charge(bytes, nowMs);
    const waitMs = this.#bytes.waitMs(0, nowMs);
    if (waitMs > 0) this.#refusedUntilMs = Math.max(this.#refusedUntilMs, nowMs + waitMs);
    return waitMs;
  }
}

/**
 * What those who are charged, and never refused, may have while others are refused: half. Without
 * it who may go into debt would leave those nothing who may not.
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

  /** Somebody else was refused. */
  refused(atMs: number): void {
    if (atMs > this.#refusedAtMs) this.#refusedAtMs = atMs;
  }

  /** Answers the milliseconds until this is within the half; 0 where nobody is refused. */
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

/** Paces one subscription of enhanced fan-out: nothing is refused, what is too fast waits. */
export class FanOutPace {
  readonly #bytes: TokenBucket;

  constructor(nowMs: number) {
    this.#bytes = new TokenBucket(fanOutBytesPerSecond, fanOutBytesPerSecond, nowMs);
  }

  /** Milliseconds to wait before an event of so many bytes is sent; it counts from then on. */
  delayMs(bytes: number, nowMs: number): number {
    const waitMs = this.#bytes.waitMs(bytes, nowMs);
    this.#bytes.spend(bytes, nowMs);
    return waitMs;
  }
}
