/**
 * Observes a group's leases over time, by this gateway's clock: which counters advance, and which
 * do not any more. KCL workers find free leases in the same way. No clocks are compared.
 */
import { isMember } from '../domain/leases/lease-owners.ts';
import type { Lease } from '../domain/leases/leases.ts';
import { KclWorkers } from './kcl-workers.ts';

/** When a lease last changed. */
type Observed = {
  readonly owner: string | undefined;
  readonly counter: number;
  readonly atMs: number;
  /** Whether the counter has advanced. */
  readonly hasMoved: boolean;
};

export class LeaseWatch {
  readonly #failoverMs: number;
  readonly #observed = new Map<string, Observed>();
  /** Leases that were given back for KCL workers, and until when they are reserved for them. */
  readonly #yielded = new Map<string, number>();
  readonly workers = new KclWorkers();
  readonly #nowMs: () => number;

  /** `nowMs` is a monotonic clock. */
  constructor(failoverMs: number, nowMs = () => performance.now()) {
    this.#failoverMs = failoverMs;
    this.#nowMs = nowMs;
  }

  /** Observes the current state of all leases. */
  see(leases: readonly Lease[]): void {
    const nowMs = this.#nowMs();
    for (const { key, owner, counter } of leases) {
      if (owner !== undefined) this.#yielded.delete(key);
      const before = this.#observed.get(key);
      if (before?.owner === owner && before?.counter === counter) continue;
      this.#observed.set(key, { owner, counter, atMs: nowMs, hasMoved: before !== undefined });
    }
    const keys = new Set(leases.map(({ key }) => key));
    for (const key of this.#observed.keys()) if (!keys.has(key)) this.#observed.delete(key);
    for (const key of this.#yielded.keys()) if (!keys.has(key)) this.#yielded.delete(key);
  }

  /** Records a new owner. */
  forget({ key }: Lease): void {
    this.#observed.delete(key);
  }

  /** Records that the lease was given back, for workers to take. */
  leaveToWorkers({ key }: Lease): void {
    this.#yielded.set(key, this.#nowMs() + 2 * this.#failoverMs);
  }

  /** Whether the lease has no owner, or its owner has been silent for too long. */
  isFree({ key, owner }: Lease): boolean {
    const nowMs = this.#nowMs();
    if (owner === undefined) {
      const yieldedUntilMs = this.#yielded.get(key) ?? -Infinity;
      if (nowMs < yieldedUntilMs) return false;
      if (this.#yielded.delete(key)) this.workers.tookNone();
      return true;
    }
    const observed = this.#observed.get(key);
    if (observed?.owner !== owner || nowMs - observed.atMs < this.#failoverMs) return false;
    if (!isMember(owner)) this.workers.wasSilent(owner);
    return true;
  }

  /**
   * Whether a live worker still has to make its last checkpoint before the lease goes to its new
   * owner.
   */
  isStillOfWorker({ key, checkpointOwner }: Lease): boolean {
    if (checkpointOwner === undefined || isMember(checkpointOwner)) return false;
    const { atMs = this.#nowMs() } = this.#observed.get(key) ?? {};
    return this.#nowMs() - atMs < this.#failoverMs;
  }

  /** Whether it is still unknown if the lease's owner is alive. */
  isInDoubt({ key, owner }: Lease): boolean {
    if (owner === undefined || isMember(owner)) return false;
    const observed = this.#observed.get(key);
    if (observed === undefined || observed.hasMoved) return false;
    return this.#nowMs() - observed.atMs < this.#failoverMs;
  }

  /** The number of leases of each live owner; 0 for workers in `idle` without a lease. */
  counts(leases: readonly Lease[], idle: readonly string[]): ReadonlyMap<string, number> {
    const counts = new Map(idle.map((owner) => [owner, 0]));
    const nowMs = this.#nowMs();
    for (const { key, owner } of leases) {
      const atMs = this.#observed.get(key)?.atMs ?? nowMs;
      if (owner === undefined || nowMs - atMs >= this.#failoverMs) continue;
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    return counts;
  }
}
