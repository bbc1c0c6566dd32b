/** Queues for work whose concurrency is limited. */

/** Runs a limited amount of work at a time, one by default, in the order of the calls. */
export class Turns {
  readonly #atOnceMax: number;
  readonly #waiting: (() => void)[] = [];
  #head = 0;
  #running = 0;

  constructor(atOnceMax = 1) {
    this.#atOnceMax = atOnceMax;
  }

  /** The number of running and waiting calls. */
  get size(): number {
    return this.#running + this.#waiting.length - this.#head;
  }

  /** Starts the work at once if a turn is free. Settles like the work. */
  async run<R>(work: () => Promise<R>): Promise<R> {
    if (this.#running < this.#atOnceMax) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#passOn();
    }
  }

  /** The turn passes to the work that has waited longest. */
  #passOn(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#head += 1;
    // Removed entries are cut off now and then, because shifting a long queue each time is
    // expensive.
    if (this.#head === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1_000 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    next();
  }
}

/** For each key, runs work one at a time, in the order of the calls. */
export class KeyedTurns {
  readonly #turns = new Map<string, Turns>();

  /** The number of running and waiting calls for the key. */
  size(key: string): number {
    return this.#turns.get(key)?.size ?? 0;
  }

  async run<R>(key: string, work: () => Promise<R>): Promise<R> {
    let turns = this.#turns.get(key);
    if (turns === undefined) {
      turns = new Turns();
      this.#turns.set(key, turns);
    }
    try {
      return await turns.run(work);
    } finally {
      if (turns.size === 0) this.#turns.delete(key);
    }
  }
}
