/**
 * Writes of checkpoints, one at a time for each shard of a group. Commits that come while one is
 * being written share the next write, which is the last of them: a table is written no more often
 * than it can take, and whoever waits is told once what he committed, or something later, is there.
 */
import type { Offset } from '../domain/streams/stream.ts';
import { GatewayError } from '../domain/errors.ts';
import { Turns } from '../runtime/turns.ts';

export type CheckpointWrite = {
  readonly offset: Offset;
  /** The lease's owner loses it. */
  readonly evict: boolean;
  /** Of a member of the group: nothing is written where a KCL worker owns the lease. */
  readonly byMember: boolean;
};

/** What the coordinator had becomes the table's; whoever owns the lease keeps it. */
export function takenOver(offset: Offset): CheckpointWrite {
  return { offset, evict: false, byMember: false };
}

/** Shards that are written at once; as many as there are connections to the table. */
const writesAtOnce = 64;
/** Shards that wait for their turn. */
const waitingMax = 100_000;

type Waiting = { write: CheckpointWrite; readonly done: Promise<void>; begin(): void };

type Slot = { next: Waiting | undefined };

export class CheckpointWriter {
  readonly #slots = new Map<string, Slot>();
  readonly #turns = new Turns(writesAtOnce);

  /**
   * `shard` names the shard in its group; `run` does the write. Rejects with what `run` threw, or
   * `throughput-exceeded`.
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
  // Those who wait are told of a failure; that nobody does is none.
  made.done.catch(() => undefined);
  return made;
}
