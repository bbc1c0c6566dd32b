/**
 * Which workers of KCL 3 live that own no lease. They tell of themselves every half minute, so that
 * one that has died is taken for alive for long after; what its leases tell, and what nobody took,
 * is known earlier. No clocks are compared: one that tells again lives.
 */
export class KclWorkers {
  /** Those that are gone, and when they had told last. */
  readonly #gone = new Map<string, number>();
  readonly #silent = new Set<string>();
  #tookNone = false;

  /** A lease of this worker has not moved for a failover time. */
  wasSilent(worker: string): void {
    this.#silent.add(worker);
  }

  /** A lease was free for workers, and none has taken it. */
  tookNone(): void {
    this.#tookNone = true;
  }

  /** Those that live among those that have told of themselves, by when they did so last. */
  living(told: ReadonlyMap<string, number>, owners: ReadonlySet<string>): readonly string[] {
    for (const [worker, atSeconds] of told) {
      const isIdle = this.#tookNone && !owners.has(worker);
      if (isIdle || this.#silent.has(worker)) this.#gone.set(worker, atSeconds);
    }
    this.#silent.clear();
    this.#tookNone = false;
    for (const worker of this.#gone.keys()) if (!told.has(worker)) this.#gone.delete(worker);
    return [...told.keys()].filter((worker) => this.#gone.get(worker) !== told.get(worker));
  }
}
