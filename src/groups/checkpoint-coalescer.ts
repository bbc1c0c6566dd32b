/**
 * Coalesces checkpoint writes: one write at a time for each shard of a group. Commits that arrive
 * during a write share the next one, which stores the latest of them. A table is written no more
 * often than it can handle, and each caller is answered once its commit, or a later one, is stored.
 */
import type { Offset } from '../domain/streams/stream.ts';
import { GatewayError } from '../domain/errors.ts';
import { Turns } from '../runtime/turns.ts';

export type CheckpointWrite = {
  readonly offset: Offset;
  /** The lease's owner loses the lease. */
  readonly evict: boolean;
  /** The write of a group member: nothing is written if a KCL worker owns the lease. */
  readonly byMember: boolean;
};

/** The coordinator's offset is copied into the table; the lease keeps its owner. */
export function takenOver(offset: Offset): CheckpointWrite {
  return { offset, evict: false, byMember: false };
}

/** The most shards that are written at once: the number of connections to the table. */
const writesAtOnce = 64;
/** The most shards that wait for their turn. */
const waitingMax = 100_000;

type Waiting = { write: CheckpointWrite; readonly done: Promise<void>; begin(): void };

type Slot = { next: Waiting | undefined };

export class CheckpointWriter {
  readonly #slots = new Map<string, Slot>();
  readonly #turns = new Turns(writesAtOnce);

  /**
   * `shard` identifies the shard within its group; `run` does the write. Rejects with the error of
   * `run`, or with `throughput-exceeded`.
   */
  write(
    shard: string,
    write: CheckpointWrite,
    run: (write: CheckpointWrite) => Promise<void>,
  ): Promise<void> {
    const slot = this.#slots.get(shard);
    if (slot === undefined) {
      if (this.#slots.size >= waitingMax) {
        return Promise.reject(new GatewayError('throughput-exceeded', 'too many commits wait'));
      }
      const made: Slot = { next: undefined };
      this.#slots.set(shard, made);
      return this.#runFirst(shard, made, () => run(write));
    }
    const { next } = slot;
    if (next === undefined) return (slot.next = waiting(write, run)).done;
    next.write = { ...write, evict: write.evict || next.write.evict };
    return next.done;
  }

  async #runFirst(shard: string, slot: Slot, run: () => Promise<void>): Promise<void> {
    try {
      await this.#turns.run(run);
    } finally {
      this.#goOn(shard, slot);
    }
  }

  #goOn(shard: string, slot: Slot): void {
    const { next } = slot;
    slot.next = undefined;
    if (next === undefined) {
      this.#slots.delete(shard);
      return;
    }
    const then = () => this.#goOn(shard, slot);
    this.#turns
      .run(() => {
        next.begin();
        return next.done;
      })
      .then(then, then);
  }
}

function waiting(write: CheckpointWrite, run: (write: CheckpointWrite) => Promise<void>): Waiting {
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const made: Waiting = { write, begin, done: begun.then(() => run(made.write)) };
  // Callers that wait receive the failure; without callers there is nobody to report it to.
  made.done.catch(() => undefined);
  return made;
}
