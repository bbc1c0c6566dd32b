/**
 * What is seen of a group's leases over time, on this gateway's clock: whose counters move, and
 * whose do not any more. So does a KCL worker find out which leases are free. No clocks compared.
 */
import { isMember } from '../domain/leases/lease-owners.ts';
import type { Lease } from '../domain/leases/leases.ts';
import { KclWorkers } from './kcl-workers.ts';

/** When a lease was last seen to change. */
type Observed = {
  readonly owner: string | undefined;
  readonly counter: number;
  readonly atMs: number;
  /** The counter was seen to move. */
  readonly hasMoved: boolean;
};

export class LeaseWatch {
  readonly #failoverMs: number;
  readonly #observed = new Map<string, Observed>();
  /** Leases that were given back for KCL workers, and until when they are left to them. */
  readonly #yielded = new Map<string, number>();
  readonly workers = new KclWorkers();

  constructor(failoverMs: number) {
    this.#failoverMs = failoverMs;
  }

  /** The leases as they are now, all of them. */
  see(leases: readonly Lease[]): void {
    const nowMs = performance.now();
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

  /** It has another owner from now on. */
  forget({ key }: Lease): void {
    this.#observed.delete(key);
  }

  /** It is given back, for workers to take. */
  leaveToWorkers({ key }: Lease): void {
    this.#yielded.set(key, performance.now() + 2 * this.#failoverMs);
  }

  /** Nobody has it, or he who has it was silent for too long. */
  isFree({ key, owner }: Lease): boolean {
    const nowMs = performance.now();
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

  /** Whether a worker lives who makes his last checkpoint before the lease is its owner's. */
  isStillOfWorker({ key, checkpointOwner }: Lease): boolean {
    if (checkpointOwner === undefined || isMember(checkpointOwner)) return false;
    const { atMs = performance.now() } = this.#observed.get(key) ?? {};
    return performance.now() - atMs < this.#failoverMs;
  }

  /** Whether it is not known yet if the worker lives that has the lease. */
  isInDoubt({ key, owner }: Lease): boolean {
    if (owner === undefined || isMember(owner)) return false;
    const observed = this.#observed.get(key);
    if (observed === undefined || observed.hasMoved) return false;
    return performance.now() - observed.atMs < this.#failoverMs;
  }

  /** Leases of each owner that lives; 0 for those of `idle` that have none. */
  counts(leases: readonly Lease[], idle: readonly string[]): ReadonlyMap<string, number> {
    const counts = new Map(idle.map((owner) => [owner, 0]));
    const nowMs = performance.now();
    for (const { key, owner } of leases) {
      const atMs = this.#observed.get(key)?.atMs ?? nowMs;
      if (owner === undefined || nowMs - atMs >= this.#failoverMs) continue;
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    return counts;
  }
}
