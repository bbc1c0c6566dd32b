/**
 * Views of streams. A view is a lease, counted from before the catalog was asked: while it runs, no
 * gateway has closed a shard that is open in it. Closing a shard waits for the leases of all
 * gateways to run out (resharding.ts), and makes them short first.
 */
import { isGatewayError } from '../domain/errors.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { EldestOutMap } from '../runtime/eldest-out-map.ts';

/** How long another gateway's change may go unseen by puts and gets. */
export const viewLeaseMs = 1_000;
export const drainingViewLeaseMs = 100;
/** Sealed streams are read again soon: puts wait for what comes next. */
const sealedViewLeaseMs = 25;
/** From this part of the lease on a stream in use is read again before anybody must wait. */
const refreshAfterPart = 0.5;
export const viewsMax = 20_000;

/** When a reading began, and how many times something had been forgotten by then. */
export type ReadingMark = { readonly atMs: number; readonly forgettings: number };

type View = {
  readonly stream: Stream;
  readonly found: Promise<Stream>;
  readonly readAtMs: number;
  /** The stream was so at this time or later. */
  readonly leasedAtMs: number;
};

export class StreamViews {
  readonly #read: (name: string) => Promise<Stream>;
  /** Streams in use are read again and again: those that nobody asks for are eldest. */
  readonly #views = new EldestOutMap<string, View>(viewsMax);
  readonly #reading = new Map<string, Promise<Stream>>();
  /** Readings that begin when the one under way has ended. */
  readonly #next = new Map<string, Promise<Stream>>();
  /** What was read before something was forgotten is not kept after it. */
  #forgettings = 0;

  /** `read` reads the stream of a name, and keeps it here. Errors: `not-found`, `unavailable`. */
  constructor(read: (name: string) => Promise<Stream>) {
    this.#read = read;
  }

  find(name: string): Promise<Stream> {
    const view = this.#leased(name);
    if (view !== undefined) return view.found;
    const reading = this.#reading.get(name);
    if (reading === undefined) return this.#beginReading(name);
    // A reading that began before this call may have missed a log made meanwhile.
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
    // One that runs already may have asked the catalog before this call.
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

  /** To be asked for before the catalog is. */
  mark(): ReadingMark {
    return { atMs: performance.now(), forgettings: this.#forgettings };
  }

  /** Kept unless a later reading was, or something was forgotten since. */
  keep(stream: Stream, mark: ReadingMark, leasedAtMs = mark.atMs): void {
    const { name } = stream;
    const newer = this.#views.get(name);
    if (mark.forgettings !== this.#forgettings) return;
    if (newer !== undefined && newer.readAtMs > mark.atMs) return;
    const found = Promise.resolve(stream);
    this.#views.set(name, { stream, found, readAtMs: mark.atMs, leasedAtMs });
  }

  /** It could not be read: there is no view of it until it can. */
  drop(name: string): void {
    this.#views.delete(name);
  }

  /** What is kept of the name while its lease runs; read again before that ends. */
  #leased(name: string): View | undefined {
    const view = this.#views.get(name);
    if (view === undefined) return undefined;
    const leaseMs = viewLeaseMsOf(view.stream);
    const ageMs = performance.now() - view.leasedAtMs;
    if (ageMs >= leaseMs) return undefined;
    // A call that comes after the lease's time reads again, and receives the failure.
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
