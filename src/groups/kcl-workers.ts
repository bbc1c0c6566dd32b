/**
 * Which KCL 3 workers without a lease are alive. Workers report metrics every 30 seconds, so a dead
 * worker appears alive for a long time; its unrenewed leases, and free leases that it does not
 * take, reveal its death earlier. No clocks are compared: a worker that reports again is alive.
 */
export class KclWorkers {
  /** Workers that are gone, with their last report. */
  readonly #gone = new Map<string, number>();
  readonly #silent = new Set<string>();
  #tookNone = false;

  /** A lease of this worker was not renewed for a failover time. */
  wasSilent(worker: string): void {
    this.#silent.add(worker);
  }

  /** A lease was free for workers, and none has taken it. */
  tookNone(): void {
    this.#tookNone = true;
  }

  /** The live workers among those that have reported, by the time of their last report. */
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
