/**
 * From a name to a stream. The catalog's row and the cluster's log are two things; this is where
 * they are kept one: a log that nobody made through Kinesis gets a row, a row whose log is gone
 * goes, and what a gateway that died left half done is finished by whoever comes next.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Stream, StreamSummary } from '../domain/streams/stream.ts';
import {
  activated,
  adopted,
  following,
  grown,
  mustGrow,
  newStream,
  type NewStream,
  nextCreationMs,
  retentionMsOf,
} from '../domain/streams/stream-rules.ts';
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  LogAdministration,
  LogDescription,
  LogSettings,
} from '../ports/log-administration.ts';
import type { NameRange, StreamCatalog } from '../ports/stream-catalog.ts';

/**
 * How long another gateway's change may go unseen by puts and gets: a view of a stream is a lease,
 * counted from before the catalog was asked. Closing a shard waits for the leases of all gateways
 * to run out (resharding.ts), and makes them short first.
 */
export const viewLeaseMs = 1_000;
export const drainingViewLeaseMs = 100;
/** Sealed streams are read again soon: puts wait for what comes next. */
const sealedViewLeaseMs = 25;
/** From this part of the lease on a stream in use is read again before anybody must wait. */
const refreshAfterPart = 0.5;
const cachedStreamsMax = 20_000;
/** A stream in CREATING for longer was left by a gateway that died. */
const creationTakeoverMs = 10_000;
/** A broker learns of a new log a moment later; a row younger than this waits for it. */
const vanishedAfterMs = 30_000;
/** How long a broker may still show a log that was deleted, and how often it is asked. */
const deletionSeenMsMax = 2_000;
const deletionCheckMs = 20;
/** Attempts at a change that others keep coming before. */
const attemptsMax = 20;
const changesWaitingMax = 100;
const adoptionsAtOnce = 8;
const secondMs = 1_000;

export type StreamDirectory = {
  /** A view whose lease runs. Errors: `not-found`, `unavailable`. */
  find(name: string): Promise<Stream>;
  /** As find, where that needs no waiting; undefined where it does. */
  peek(name: string): Stream | undefined;
  /** The last view of it, however old; undefined where there is none. */
  known(name: string): Stream | undefined;
  /** Read after this call began; calls at once share readings. Errors: as find. */
  findNow(name: string): Promise<Stream>;
  /** The lease of this view runs: no gateway has closed a shard that is open in it. */
  isCurrent(stream: Stream): boolean;
  /** As find, past the cache; also follows configs that were changed on the Kafka side. */
  findFresh(name: string): Promise<Stream>;
  /** Every stream, ordered by name. */
  list(): Promise<readonly StreamSummary[]>;
  /** The first streams behind a name, and whether there are more. */
  listPage(range: NameRange): Promise<StreamPage>;
  /** Those that the catalog has: topics that nobody asked for yet are not among them. */
  listKnown(): Promise<readonly StreamSummary[]>;
  /**
   * Resolves when stream and log are there. Errors: `in-use` (a stream or log has the name),
   * `invalid-argument`, `unavailable` (the stream may yet appear: its making is taken up again).
   */
  create(request: NewStream): Promise<Stream>;
  /** Resolves when stream and log are gone. Errors: `not-found`, `in-use` (it is being made). */
  delete(name: string): Promise<void>;
  /**
   * Applies a pure transition under the version condition, and again on what others made of the
   * stream meanwhile. What the transition throws is thrown.
   */
  change(name: string, transition: (stream: Stream) => Stream): Promise<Stream>;
  /** The cached stream of this name is out of date. */
  forget(name: string): void;
  /**
   * Somebody has deleted the log of this name just now: what there was besides of its stream is
   * cleared away. Errors: `unavailable`.
   */
  logDeleted(name: string): Promise<void>;
  /** Called with every stream that is read while its shards are being split or merged. */
  whenResharding(listener: (stream: Stream) => void): void;
  /**
   * Called with every stream whose log is gone, maybe more than once, before the catalog forgets
   * it, and waited for.
   */
  whenGone(listener: (stream: Stream) => Promise<void>): void;
};

export type StreamPage = {
  readonly streams: readonly StreamSummary[];
  /** The next page is behind this name; it is of no stream where one was deleted meanwhile. */
  readonly last: string;
  readonly hasMore: boolean;
};

export type StreamDirectorySettings = {
  readonly catalog: StreamCatalog;
  readonly administration: LogAdministration;
  readonly clock: Clock;
};

export function createStreamDirectory(settings: StreamDirectorySettings): StreamDirectory {
  return new Directory(settings);
}

type Entry = {
  readonly stream: Stream;
  readonly found: Promise<Stream>;
  readonly readAtMs: number;
  /** The stream was so at this time or later. */
  readonly leasedAtMs: number;
};

class Directory implements StreamDirectory {
  readonly #catalog: StreamCatalog;
  readonly #administration: LogAdministration;
  readonly #clock: Clock;
  readonly #cache = new Map<string, Entry>();
  readonly #reading = new Map<string, Promise<Stream>>();
  /** Readings that begin when the one under way has ended. */
  readonly #next = new Map<string, Promise<Stream>>();
  readonly #changing = new Map<string, ChangeQueue>();
  readonly #deleting = new Map<string, Promise<void>>();
  #onResharding: (stream: Stream) => void = ignore;
  #onGone: (stream: Stream) => Promise<void> = () => Promise.resolve();
  /** Grows with every forgetting: what was read before it is not kept after it. */
  #forgettings = 0;

  constructor({ catalog, administration, clock }: StreamDirectorySettings) {
    this.#catalog = catalog;
    this.#administration = administration;
    this.#clock = clock;
  }

  find(name: string): Promise<Stream> {
    const entry = this.#leased(name);
    if (entry !== undefined) return entry.found;
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
    return this.#cache.get(name)?.stream;
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
    const entry = this.#cache.get(stream.name);
    if (entry?.stream !== stream) return false;
    return performance.now() - entry.leasedAtMs < viewLeaseMsOf(stream);
  }

  async findFresh(name: string): Promise<Stream> {
    const stream = await this.#read(name);
    if (stream.status !== 'ACTIVE') return stream;
    const log = await this.#administration.settings(name);
    const followed = following(stream, log);
    return followed === stream ? stream : this.change(name, (now) => following(now, log));
  }

  whenResharding(listener: (stream: Stream) => void): void {
    this.#onResharding = listener;
  }

  whenGone(listener: (stream: Stream) => Promise<void>): void {
    this.#onGone = listener;
  }

  async logDeleted(name: string): Promise<void> {
    this.forget(name);
    const stored = await this.#catalog.get(name);
    // Whoever makes or deletes a stream clears up behind himself.
    if (stored?.status !== 'ACTIVE' && stored?.status !== 'UPDATING') return;
    if (await this.#isLogGone(stored)) await this.#onGone(stored);
  }

  /** A broker may show a log for a moment after its deletion. */
  async #isLogGone({ name, logId }: Stream): Promise<boolean> {
    const giveUpAtMs = performance.now() + deletionSeenMsMax;
    for (;;) {
      const log = await this.#administration.describe(name);
      if (log?.logId !== logId) return true;
      if (performance.now() > giveUpAtMs) return false;
      await delay(deletionCheckMs);
    }
  }

  forget(name: string): void {
    this.#forgettings++;
    this.#cache.delete(name);
    this.#reading.delete(name);
  }

  async list(): Promise<readonly StreamSummary[]> {
    const [rows, logs] = await Promise.all([this.#catalog.list(), this.#administration.list()]);
    return this.#joined(rows, logs);
  }

  async listPage({ after, countMax }: NameRange): Promise<StreamPage> {
    const [rows, listed] = await Promise.all([
      // One more tells whether there is a next page.
      this.#catalog.list({ after, countMax: countMax + 1 }),
      this.#administration.list(),
    ]);
    const logs = listed.filter(({ name }) => name > after);
    const names = [...new Set([...rows, ...logs].map(({ name }) => name))].toSorted();
    const last = names.slice(0, countMax).at(-1) ?? after;
    const isOnPage = ({ name }: { readonly name: string }) => name <= last;
    const streams = await this.#joined(rows.filter(isOnPage), logs.filter(isOnPage));
    return { streams, last, hasMore: names.length > countMax };
  }

  /** Rows whose logs are there as they are; what only one side has is read. */
  async #joined(
    rows: readonly StreamSummary[],
    logs: readonly LogDescription[],
  ): Promise<readonly StreamSummary[]> {
    const logIds = new Map(logs.map(({ name, logId }) => [name, logId]));
    const listed: StreamSummary[] = [];
    const doubtful: string[] = [];
    for (const row of rows) {
      const { name, logId, status } = row;
      const isSettled = status === 'ACTIVE' || status === 'UPDATING';
      if (isSettled && logIds.get(name) === logId) listed.push(row);
      else doubtful.push(name);
      logIds.delete(name);
    }
    const found = await this.#readAll([...doubtful, ...logIds.keys()]);
    return [...listed, ...found].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  listKnown(): Promise<readonly StreamSummary[]> {
    return this.#catalog.list();
  }

  async create(request: NewStream): Promise<Stream> {
    const { name } = request;
    const [stored, log] = await Promise.all([
      this.#catalog.get(name),
      this.#administration.describe(name),
    ]);
    if (stored?.status === 'DELETING') this.#finishDeletion(stored).catch(ignore);
    const isBetween = stored?.status === 'CREATING' || stored?.status === 'DELETING';
    if (log !== undefined || isBetween) throw new GatewayError('in-use', `stream ${name} exists`);
    // The row of a log that somebody deleted on the Kafka side is in the way no longer.
    const earliestMs = stored === undefined ? 0 : nextCreationMs(stored);
    const stream = newStream(request, Math.max(this.#clock.nowMs(), earliestMs));
    try {
      if (stored !== undefined) {
        await this.#onGone(stored);
        await this.#catalog.remove(stored);
      }
      await this.#catalog.create(stream);
    } catch (error) {
      if (!isGatewayError(error, 'conflict')) throw error;
      throw new GatewayError('in-use', `stream ${name} is being made`, { cause: error });
    } finally {
      this.forget(name);
    }
    return this.#finishCreation(stream);
  }

  async delete(name: string): Promise<void> {
    const deleting = await this.change(name, (stream) => {
      if (stream.status === 'DELETING') return stream;
      if (stream.status !== 'CREATING') return { ...stream, status: 'DELETING' };
      throw new GatewayError('in-use', `stream ${name} is being made`);
    });
    await this.#finishDeletion(deleting);
  }

  async change(name: string, transition: (stream: Stream) => Stream): Promise<Stream> {
    const queue = this.#changing.get(name) ?? { waiting: 0, last: Promise.resolve() };
    if (queue.waiting >= changesWaitingMax) {
      throw new GatewayError('limit-exceeded', `too many changes of stream ${name} at once`);
    }
    this.#changing.set(name, queue);
    queue.waiting++;
    const changed = queue.last.then(() => this.#changeNow(name, transition));
    queue.last = changed.catch(ignore);
    try {
      return await changed;
    } finally {
      queue.waiting--;
      if (queue.waiting === 0) this.#changing.delete(name);
    }
  }

  async #changeNow(name: string, transition: (stream: Stream) => Stream): Promise<Stream> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#read(name);
      const changed = transition(before);
      if (changed === before) return before;
      const after = { ...changed, version: before.version + 1 };
      await this.#changeLog(before, after);
      const leasedAtMs = performance.now();
      try {
        await this.#catalog.replace(before, after);
        this.#keep(after, performance.now(), this.#forgettings, leasedAtMs);
        return after;
      } catch (error) {
        this.forget(name);
        if (!isGatewayError(error, 'conflict') || attempt >= attemptsMax) throw error;
      }
    }
  }

  /** The log first: where the row's turn fails, the stream follows its log when next described. */
  async #changeLog(before: Stream, after: Stream): Promise<void> {
    const changed = changedSettings(before, after);
    if (Object.keys(changed).length === 0) return;
    // When the stream follows its log, the log has it already.
    const log = await this.#administration.settings(after.name);
    if (following(after, log) !== after) await this.#administration.change(after.name, changed);
  }

  /** What is kept of the name while its lease runs; read again before that ends. */
  #leased(name: string): Entry | undefined {
    const entry = this.#cache.get(name);
    if (entry === undefined) return undefined;
    const leaseMs = viewLeaseMsOf(entry.stream);
    const ageMs = performance.now() - entry.leasedAtMs;
    if (ageMs >= leaseMs) return undefined;
    // Whoever comes after the lease's time reads again, and is told of a failure.
    if (ageMs > leaseMs * refreshAfterPart && !this.#reading.has(name)) {
      this.#beginReading(name).catch(ignore);
    }
    return entry;
  }

  #beginReading(name: string): Promise<Stream> {
    const reading = this.#read(name).finally(() => {
      if (this.#reading.get(name) === reading) this.#reading.delete(name);
    });
    this.#reading.set(name, reading);
    return reading;
  }

  /** Row and log, made one. */
  async #read(name: string): Promise<Stream> {
    for (let attempt = 1; ; attempt++) {
      const readAtMs = performance.now();
      const forgettings = this.#forgettings;
      const [stored, log] = await Promise.all([
        this.#catalog.get(name, this.#cache.get(name)?.stream),
        this.#administration.describe(name),
      ]);
      try {
        const stream = await this.#reconcile(name, stored, log);
        this.#keep(stream, readAtMs, forgettings);
        if (stream.resharding !== undefined) this.#onResharding(stream);
        return stream;
      } catch (error) {
        this.#cache.delete(name);
        const isOvertaken = isGatewayError(error, 'conflict') || isGatewayError(error, 'in-use');
        if (!isOvertaken || attempt >= attemptsMax) throw error;
      }
    }
  }

  /** Errors: `not-found`; `conflict` or `in-use` where somebody else was first: read again. */
  async #reconcile(
    name: string,
    stored: Stream | undefined,
    log: LogDescription | undefined,
  ): Promise<Stream> {
    const nowMs = this.#clock.nowMs();
    if (stored?.status === 'CREATING') {
      const isLeft = nowMs - stored.createdAtMs >= creationTakeoverMs;
      return isLeft ? this.#finishCreation(stored) : stored;
    }
    if (stored?.status === 'DELETING') {
      // Deleting again does no harm; where this fails, whoever reads it next tries again.
      this.#finishDeletion(stored).catch(ignore);
      return stored;
    }
    if (log === undefined) {
      if (stored !== undefined) await this.#removeVanished(stored);
      throw new GatewayError('not-found', `there is no stream ${name}`);
    }
    if (stored === undefined || stored.logId !== log.logId) return this.#adopt(log, stored);
    if (!mustGrow(stored, log.partitionCount)) return stored;
    const after = { ...grown(stored, log.partitionCount, nowMs), version: stored.version + 1 };
    await this.#catalog.replace(stored, after);
    return after;
  }

  async #adopt(log: LogDescription, former: Stream | undefined): Promise<Stream> {
    const settings = await this.#administration.settings(log.name);
    const stream = adopted({ ...log, ...settings }, this.#clock.nowMs(), former);
    if (former === undefined) {
      await this.#catalog.create(stream);
      return stream;
    }
    await this.#onGone(former);
    await this.#catalog.replace(former, stream);
    return stream;
  }

  /** Only where the log has had time to appear, and is missed in two ways. */
  async #removeVanished(stored: Stream): Promise<void> {
    if (this.#clock.nowMs() - stored.createdAtMs < vanishedAfterMs) return;
    try {
      await this.#administration.settings(stored.name);
    } catch (error) {
      if (!isGatewayError(error, 'not-found')) throw error;
      await this.#onGone(stored);
      await this.#catalog.remove(stored);
    }
  }

  /** Makes the log and activates the stream; harmless where another has done some of it. */
  async #finishCreation(stream: Stream): Promise<Stream> {
    const { name, shards, retentionHours, recordKiBMax } = stream;
    let made: LogDescription | undefined;
    try {
      made = await this.#administration.create(name, shards.length, {
        retentionMs: retentionMsOf(retentionHours),
        recordBytesMax: recordKiBMax * 1024,
        arrivalTimestamps: true,
      });
    } catch (error) {
      const isRefused = refusals.some((kind) => isGatewayError(error, kind));
      if (isRefused) await this.#catalog.remove(stream);
      if (!isGatewayError(error, 'in-use')) throw error;
    }
    const log = made ?? (await this.#logMadeBefore(stream));
    const active = { ...activated(stream, log.logId), version: stream.version + 1 };
    const leasedAtMs = performance.now();
    try {
      await this.#catalog.replace(stream, active);
    } catch (error) {
      if (!isGatewayError(error, 'conflict')) throw error;
      return this.#finishedByAnother(active, made);
    }
    this.#keep(active, performance.now(), this.#forgettings, leasedAtMs);
    return active;
  }

  /** The log that a gateway made before it died. Errors: `in-use` where it is somebody else's. */
  async #logMadeBefore(stream: Stream): Promise<LogDescription> {
    const { name, shards } = stream;
    const log = await this.#administration.describe(name);
    if (log === undefined) throw new GatewayError('conflict', `the log of ${name} comes and goes`);
    const { arrivalTimestamps } = await this.#administration.settings(name);
    if (arrivalTimestamps && log.partitionCount === shards.length) return log;
    await this.#catalog.remove(stream);
    throw new GatewayError('in-use', `there is a topic ${name} that is no stream of Kinesis`);
  }

  /** What became of the stream; a log that was made here and belongs to nothing goes again. */
  async #finishedByAnother(active: Stream, made: LogDescription | undefined): Promise<Stream> {
    const now = await this.#catalog.get(active.name);
    if (now?.createdAtMs === active.createdAtMs && now.logId === active.logId) return now;
    const isOwned = now?.logId === made?.logId || now?.status === 'CREATING';
    if (made !== undefined && !isOwned) await this.#administration.delete(made);
    throw new GatewayError('in-use', `stream ${active.name} was changed while it was made`);
  }

  /** One at a time for each name. */
  #finishDeletion(stream: Stream): Promise<void> {
    const running = this.#deleting.get(stream.name);
    if (running !== undefined) return running;
    const deleting = this.#deleteLogAndRow(stream).finally(() =>
      this.#deleting.delete(stream.name),
    );
    this.#deleting.set(stream.name, deleting);
    return deleting;
  }

  /**
   * Deletes the log, then the row; the row last, so that what is left of a deletion is seen. It
   * waits out the second of the last shard, so that a stream made next has a later one.
   */
  async #deleteLogAndRow(stream: Stream): Promise<void> {
    const { name, logId } = stream;
    await this.#administration.delete({ name, logId });
    await this.#onGone(stream);
    const waitMs = nextCreationMs(stream) - this.#clock.nowMs();
    if (waitMs > 0 && waitMs <= secondMs) await delay(waitMs);
    try {
      await this.#catalog.remove(stream);
    } catch (error) {
      // Another gateway has finished it.
      if (!isGatewayError(error, 'conflict')) throw error;
    } finally {
      this.forget(name);
    }
  }

  #keep(stream: Stream, readAtMs: number, forgettings: number, leasedAtMs = readAtMs): void {
    const newer = this.#cache.get(stream.name);
    if (forgettings !== this.#forgettings) return;
    if (newer !== undefined && newer.readAtMs > readAtMs) return;
    const [oldest] = this.#cache.keys();
    if (oldest !== undefined && this.#cache.size >= cachedStreamsMax) this.#cache.delete(oldest);
    const found = Promise.resolve(stream);
    this.#cache.set(stream.name, { stream, found, readAtMs, leasedAtMs });
  }

  async #readAll(names: readonly string[]): Promise<readonly StreamSummary[]> {
    const found: StreamSummary[] = [];
    const waiting = [...names];
    const work = async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        try {
          found.push(await this.#read(name));
        } catch (error) {
          // It was deleted since the listing.
          if (!isGatewayError(error, 'not-found')) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: adoptionsAtOnce }, work));
    return found;
  }
}

type ChangeQueue = { waiting: number; last: Promise<unknown> };

/** Answers after which a log will not be made, however often it is asked for. */
const refusals = [
  'invalid-argument',
  'policy-violation',
  'limit-exceeded',
  'access-denied',
] as const;

function viewLeaseMsOf({ resharding }: Stream): number {
  if (resharding === undefined) return viewLeaseMs;
  return resharding.step === 'draining' ? drainingViewLeaseMs : sealedViewLeaseMs;
}

/** The failure reaches whoever asks next. */
function ignore(): void {}

function changedSettings(before: Stream, after: Stream): Partial<LogSettings> {
  return {
    ...(before.retentionHours === after.retentionHours
      ? {}
      : { retentionMs: retentionMsOf(after.retentionHours) }),
    ...(before.recordKiBMax === after.recordKiBMax
      ? {}
      : { recordBytesMax: after.recordKiBMax * 1024 }),
  };
}
