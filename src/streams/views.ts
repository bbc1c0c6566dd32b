/**
 * Views of streams. A view is valid for a lease time, counted from before the catalog was asked:
 * while it is valid, no gateway has closed a shard that is open in it. Closing a shard waits for
 * the views of all gateways to expire (resharding.ts), after their lease times have been shortened.
 */
import { isGatewayError } from '../domain/errors.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { EldestOutMap } from '../runtime/eldest-out-map.ts';

/** How long puts and gets may miss another gateway's change. */
export const viewLeaseMs = 1_000;
export const drainingViewLeaseMs = 100;
/** Sealed streams are read again soon, because puts wait for the next step. */
const sealedViewLeaseMs = 25;
/**
 * After this fraction of the lease time, a stream in use is read again, before any call has to
 * wait.
 */
const refreshAfterPart = 0.5;
export const viewsMax = 20_000;

/** When a read started, and how many times views had been discarded by then. */
export type ReadingMark = { readonly atMs: number; readonly forgettings: number };

type View = {
  readonly stream: Stream;
  readonly found: Promise<Stream>;
  readonly readAtMs: number;
  /** The stream had this state at this time or later. */
  readonly leasedAtMs: number;
};

export class StreamViews {
  readonly #read: (name: string) => Promise<Stream>;
  /** Streams in use are read repeatedly, so those that are not in use are the eldest. */
  readonly #views = new EldestOutMap<string, View>(viewsMax);
  readonly #reading = new Map<string, Promise<Stream>>();
  /** Reads that start when the one in progress has ended. */
  readonly #next = new Map<string, Promise<Stream>>();
  /** A read that started before a view was discarded is not stored after it. */
  #forgettings = 0;

  /**
   * `read` reads the stream of a name and stores its view here. Errors: `not-found`, `unavailable`.
   */
  constructor(read: (name: string) => Promise<Stream>) {
    this.#read = read;
  }

  find(name: string): Promise<Stream> {
    const view = this.#leased(name);
    if (view !== undefined) return view.found;
    const reading = this.#reading.get(name);
    if (reading === undefined) return this.#beginReading(name);
    // A read that started before this call may have missed a log that was created meanwhile.
    return reading.catch((error: unknown) => {
      if (!isGatewayError(error, 'not-found')) throw error;
      return this.#reading.get(name) ?? this.#beginReading(name);
    });
  }

  peek(name: string): Stream | undefined {
    return this.#leased(name)?.stream;
  }

  known(name: string): Stream | undefined {
    return this.#views.get(name)?.stream;
  }

  findNow(name: string): Promise<Stream> {
    const next = this.#next.get(name);
    if (next !== undefined) return next;
    // A read in progress may have asked the catalog before this call.
    const running = this.#reading.get(name) ?? Promise.resolve();
    const reading = running.then(ignore, ignore).then(() => {
      this.#next.delete(name);
      return this.#beginReading(name);
    });
    this.#next.set(name, reading);
    return reading;
  }

  isCurrent(stream: Stream): boolean {
    const view = this.#views.get(stream.name);
    if (view?.stream !== stream) return false;
    return performance.now() - view.leasedAtMs < viewLeaseMsOf(stream);
  }

  forget(name: string): void {
    this.#forgettings++;
    this.#views.delete(name);
    this.#reading.delete(name);
  }

  /** To be taken before the catalog is asked. */
  mark(): ReadingMark {
    return { atMs: performance.now(), forgettings: this.#forgettings };
  }

  /** Stored unless a later read was stored, or views were discarded since it started. */
  keep(stream: Stream, mark: ReadingMark, leasedAtMs = mark.atMs): void {
    const { name } = stream;
    const newer = this.#views.get(name);
    if (mark.forgettings !== this.#forgettings) return;
    if (newer !== undefined && newer.readAtMs > mark.atMs) return;
    const found = Promise.resolve(stream);
    this.#views.set(name, { stream, found, readAtMs: mark.atMs, leasedAtMs });
  }

  /** The stream could not be read: it has no view until it can be. */
  drop(name: string): void {
    this.#views.delete(name);
  }

  /** The valid view of this name; it is refreshed before it expires. */
  #leased(name: string): View | undefined {
    const view = this.#views.get(name);
    if (view === undefined) return undefined;
    const leaseMs = viewLeaseMsOf(view.stream);
    const ageMs = performance.now() - view.leasedAtMs;
    if (ageMs >= leaseMs) return undefined;
    // A call after the lease time reads again and receives the failure.
    if (ageMs > leaseMs * refreshAfterPart && !this.#reading.has(name)) {
      this.#beginReading(name).catch(ignore);
    }
    return view;
  }

  #beginReading(name: string): Promise<Stream> {
    const reading = this.#read(name).finally(() => {
      if (this.#reading.get(name) === reading) this.#reading.delete(name);
    });
    this.#reading.set(name, reading);
    return reading;
  }
}

function viewLeaseMsOf({ resharding }: Stream): number {
  if (resharding === undefined) return viewLeaseMs;
  return resharding.step === 'draining' ? drainingViewLeaseMs : sealedViewLeaseMs;
}

function ignore(): void {}
