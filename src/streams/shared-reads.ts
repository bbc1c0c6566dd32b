/**
 * Reads that are shared by many readers of one shard. Readers that have caught up are at the same
 * offset and wait for the same record: one fetch waits for all of them, and they get the same
 * slice. A reader that lags reads for itself until it has caught up.
 */
import type { Offset } from '../domain/streams/stream.ts';
import type { LogPartition, LogSlice, ReadLimits, RecordLog } from '../ports/record-log.ts';

type Limits = Omit<ReadLimits, 'signal'>;
type SharedRead = {
  readonly slice: Promise<LogSlice>;
  readonly controller: AbortController;
  readers: number;
};

export class SharedReads {
  readonly #log: Pick<RecordLog, 'read'>;
  readonly #running = new Map<string, SharedRead>();

  constructor(log: Pick<RecordLog, 'read'>) {
    this.#log = log;
  }

  /**
   * As RecordLog.read; a shared read ends when the last of its readers is aborted. Errors: as
   * RecordLog.read; the signal's reason.
   */
  async read(
    where: LogPartition,
    from: Offset,
    limits: Limits,
    signal: AbortSignal,
  ): Promise<LogSlice> {
    signal.throwIfAborted();
    const { recordsMax, bytesMax, waitMsMax } = limits;
    const key = [where.log, where.partition, from, recordsMax, bytesMax, waitMsMax].join(' ');
    const shared = this.#running.get(key) ?? this.#begin(key, where, from, limits);
    shared.readers += 1;
    try {
      return await unlessAborted(shared.slice, signal);
    } finally {
      shared.readers -= 1;
      if (shared.readers === 0 && this.#running.get(key) === shared) {
        this.#running.delete(key);
        shared.controller.abort();
      }
    }
  }

  #begin(key: string, where: LogPartition, from: Offset, limits: Limits): SharedRead {
    const controller = new AbortController();
    const slice = this.#log.read(where, from, { ...limits, signal: controller.signal });
    const shared = { slice, controller, readers: 0 };
    this.#running.set(key, shared);
    const forget = (): void => {
      if (this.#running.get(key) === shared) this.#running.delete(key);
    };
    slice.then(forget, forget);
    return shared;
  }
}

/**
 * Stops waiting when the signal aborts, although the work continues. Errors: the signal's reason.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      work.catch(ignore);
      reject(signal.reason);
      return;
    }
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function ignore(): void {}
