/**
 * The window of a queue in each shard: from the first record that is not done with to the last one
 * that was handed out. Kafka bounds it, so one record that is held for long could stop a shard: if
 * half of the window is used, records of that shard are handed out with rows instead of locks until
 * it has moved on.
 */
import type { Offset } from '../domain/streams/stream.ts';
import type { AcquiredRecord, ShareGroup, ShareLog } from '../ports/share-log.ts';

const refreshEveryMs = 1_000;
/** For how many lock durations a shard counts as pressed after its window was half used. */
const pressedLocks = 2;

export class Window {
  readonly #shares: ShareLog;
  readonly #group: ShareGroup;
  readonly #starts = new Map<number, Offset>();
  readonly #ends = new Map<number, Offset>();
  readonly #pressedUntilMs = new Map<number, number>();
  /** Shards of which no record was left. */
  readonly #finished = new Set<number>();
  #refreshedAtMs = -Infinity;
  #windowMax = Infinity;
  #refreshing: Promise<void> | undefined;

  constructor(shares: ShareLog, group: ShareGroup) {
    this.#shares = shares;
    this.#group = group;
  }

  /** The first offset that is not done with, as far as it is known; it only grows. */
  startOf(shard: number): Offset | undefined {
    return this.#starts.get(shard);
  }

  /** Whether every record of the shard that there was at the last look is done with. */
  isFinished(shard: number): boolean {
    return this.#finished.has(shard);
  }

  isPressed(shard: number): boolean {
    return (this.#pressedUntilMs.get(shard) ?? 0) > performance.now();
  }

  /** The most records that receivers may hold now. */
  get heldMax(): number {
    let sum = 0;
    for (const [shard, end] of this.#ends) {
      const start = this.#starts.get(shard);
      if (start !== undefined && end > start) sum += Number(end - start);
    }
    return sum;
  }

  note(records: readonly AcquiredRecord[]): void {
    for (const { partition, offset } of records) {
      const end = this.#ends.get(partition);
      if (end === undefined || offset >= end) {
        this.#ends.set(partition, (offset + 1n) as Offset);
      }
    }
  }

  /** Asks Kafka once a second at most. Errors: as ShareLog.positions. */
  async refresh(lockMs: number): Promise<void> {
    if (performance.now() - this.#refreshedAtMs < refreshEveryMs) return;
    this.#refreshing ??= this.#refresh(lockMs).finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #refresh(lockMs: number): Promise<void> {
    if (this.#windowMax === Infinity) {
      this.#windowMax = (await this.#shares.terms(this.#group)).windowMax;
    }
    const positions = await this.#shares.positions(this.#group);
    this.#refreshedAtMs = performance.now();
    for (const [shard, { startOffset, left }] of positions) {
      const isFinished = left === 0;
      if (isFinished) this.#finished.add(shard);
      else this.#finished.delete(shard);
      // Kafka stores the start one verdict late.
      this.#starts.set(shard, isFinished ? this.#endOf(shard, startOffset) : startOffset);
      const used = (this.#ends.get(shard) ?? startOffset) - startOffset;
      if (Number(used) * 2 <= this.#windowMax) continue;
      this.#pressedUntilMs.set(shard, performance.now() + pressedLocks * lockMs);
    }
  }

  #endOf(shard: number, startOffset: Offset): Offset {
    const end = this.#ends.get(shard);
    return end !== undefined && end > startOffset ? end : startOffset;
  }
}
