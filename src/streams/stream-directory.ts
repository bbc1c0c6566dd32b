/**
 * From a name to a stream. The catalog's row and the cluster's log are two things; this is where
 * they are kept one: a log that nobody made through Kinesis gets a row, a row whose log is gone
 * goes, and what a gateway that died left half done is finished by whoever comes next.
 */
import type { Stream, StreamSummary } from '../domain/stream.ts';
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
} from '../domain/stream-rules.ts';
import { GatewayError, isGatewayError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  LogAdministration,
  LogDescription,
  LogSettings,
} from '../ports/log-administration.ts';
import type { StreamCatalog } from '../ports/stream-catalog.ts';

/** How long another gateway's change may go unseen by puts and gets. */
export const streamCacheAgeMsMax = 1_000;
/** A stream in CREATING for longer was left by a gateway that died. */
const creationTakeoverMs = 10_000;
/** Attempts at a change that others keep coming before. */
const attemptsMax = 20;
const adoptionsAtOnce = 8;
const secondMs = 1_000;

export type StreamDirectory = {
  /** At most `streamCacheAgeMsMax` old. Errors: `not-found`, `unavailable`. */
  find(name: string): Promise<Stream>;
  /** As find, past the cache; also follows configs that were changed on the Kafka side. */
  findFresh(name: string): Promise<Stream>;
  /** Every stream, ordered by name. */
  list(): Promise<readonly StreamSummary[]>;
  /** Errors: `in-use` (a stream or topic has the name), `invalid-argument`. */
  create(request: NewStream): Promise<Stream>;
  delete(name: string): Promise<void>;
  /**
   * Applies a pure transition under the version condition, and again on what others made of the
   * stream meanwhile. What the transition throws is thrown.
   */
  change(name: string, transition: (stream: Stream) => Stream): Promise<Stream>;
  /** The cached stream of this name is out of date. */
  forget(name: string): void;
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
};

class Directory implements StreamDirectory {
  readonly #catalog: StreamCatalog;
  readonly #administration: LogAdministration;
  readonly #clock: Clock;
  readonly #cache = new Map<string, Entry>();
  readonly #reading = new Map<string, Promise<Stream>>();

  constructor({ catalog, administration, clock }: StreamDirectorySettings) {
    this.#catalog = catalog;
    this.#administration = administration;
    this.#clock = clock;
  }

  find(name: string): Promise<Stream> {
    const entry = this.#cache.get(name);
    if (entry !== undefined && performance.now() - entry.readAtMs < streamCacheAgeMsMax) {
      return entry.found;
    }
    let reading = this.#reading.get(name);
    if (reading === undefined) {
      reading = this.#read(name).finally(() => this.#reading.delete(name));
      this.#reading.set(name, reading);
    }
    return reading;
  }

  async findFresh(name: string): Promise<Stream> {
    const stream = await this.#read(name);
    if (stream.status !== 'ACTIVE') return stream;
    const log = await this.#administration.settings(name);
    const followed = following(stream, log);
    return followed === stream ? stream : this.change(name, (now) => following(now, log));
  }

  forget(name: string): void {
    this.#cache.delete(name);
  }

  async list(): Promise<readonly StreamSummary[]> {
    const [rows, logs] = await Promise.all([this.#catalog.list(), this.#administration.list()]);
    const logIds = new Map(logs.map(({ name, logId }) => [name, logId]));
    const known = new Map(rows.map((row) => [row.name, row]));
    const isTrue = ({ name, logId, status }: StreamSummary) =>
      status !== 'ACTIVE' || logIds.get(name) === logId;
    const kept = rows.filter(isTrue);
    const unknown = logs.filter(({ name }) => {
      const row = known.get(name);
      return row === undefined || !isTrue(row);
    });
    const found = await this.#readAll(unknown.map(({ name }) => name));
    return [...kept, ...found].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async create(request: NewStream): Promise<Stream> {
    const { name } = request;
    const [stored, log] = await Promise.all([
      this.#catalog.get(name),
      this.#administration.describe(name),
    ]);
    const isThere = log !== undefined || (stored !== undefined && stored.status !== 'ACTIVE');
    if (isThere) throw new GatewayError('in-use', `stream ${name} exists`);
    // The row of a topic that somebody deleted on the Kafka side is in the way no longer.
    if (stored !== undefined) await this.#catalog.remove(stored);
    const earliestMs = stored === undefined ? 0 : nextCreationMs(stored);
    const stream = newStream(request, Math.max(this.#clock.nowMs(), earliestMs));
    await this.#catalog.create(stream).catch((error: unknown) => {
      if (!isGatewayError(error, 'conflict')) throw error;
      throw new GatewayError('in-use', `stream ${name} is being created`, { cause: error });
    });
    return this.#finishCreation(stream);
  }

  async delete(name: string): Promise<void> {
    const deleting = await this.change(name, (stream) => ({ ...stream, status: 'DELETING' }));
    await this.#finishDeletion(deleting);
  }

  async change(name: string, transition: (stream: Stream) => Stream): Promise<Stream> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#read(name);
      const changed = transition(before);
      if (changed === before) return before;
      const after = { ...changed, version: before.version + 1 };
      await this.#changeLog(before, after);
      try {
        await this.#catalog.replace(before, after);
        return this.#keep(after);
      } catch (error) {
        this.forget(name);
        if (!isGatewayError(error, 'conflict') || attempt >= attemptsMax) throw error;
      }
    }
  }

  /** Row and log, made one. */
  async #read(name: string): Promise<Stream> {
    for (let attempt = 1; ; attempt++) {
      const readAtMs = performance.now();
      const [stored, log] = await Promise.all([
        this.#catalog.get(name, this.#cache.get(name)?.stream),
        this.#administration.describe(name),
      ]);
      try {
        return this.#keep(await this.#reconcile(name, stored, log), readAtMs);
      } catch (error) {
        this.forget(name);
        if (!isGatewayError(error, 'conflict') || attempt >= attemptsMax) throw error;
      }
    }
  }

  /** Throws `conflict` where another gateway was first: read again. */
  async #reconcile(
    name: string,
    stored: Stream | undefined,
    log: LogDescription | undefined,
  ): Promise<Stream> {
    if (stored?.status === 'CREATING') return this.#overtakeCreation(stored);
    if (stored?.status === 'DELETING') return stored;
    if (log === undefined) {
      if (stored !== undefined) await this.#catalog.remove(stored);
      throw new GatewayError('not-found', `there is no stream ${name}`);
    }
    const nowMs = this.#clock.nowMs();
    if (stored === undefined || stored.logId !== log.logId) {
      const settings = await this.#administration.settings(name);
      const stream = adopted({ ...log, ...settings }, nowMs, stored);
      if (stored === undefined) await this.#catalog.create(stream);
      else await this.#catalog.replace(stored, stream);
      return stream;
    }
    if (!mustGrow(stored, log.partitionCount)) return stored;
    const after = {
      ...grown(stored, log.partitionCount, nowMs),
      version: stored.version + 1,
    };
    await this.#catalog.replace(stored, after);
    return after;
  }

  async #overtakeCreation(stream: Stream): Promise<Stream> {
    const isYoung = this.#clock.nowMs() - stream.createdAtMs < creationTakeoverMs;
    return isYoung ? stream : this.#finishCreation(stream);
  }

  /** Makes the log and activates the stream; harmless where another has done some of it. */
  async #finishCreation(stream: Stream): Promise<Stream> {
    const { name, shards, retentionHours, recordKiBMax } = stream;
    let log: LogDescription | undefined;
    try {
      log = await this.#administration.create(name, shards.length, {
        retentionMs: retentionMsOf(retentionHours),
        recordBytesMax: recordKiBMax * 1024,
        arrivalTimestamps: true,
      });
    } catch (error) {
      // The one that died had come as far as the log.
      log = isGatewayError(error, 'in-use') ? await this.#administration.describe(name) : undefined;
      if (log === undefined) {
        if (isGatewayError(error, 'invalid-argument')) await this.#catalog.remove(stream);
        throw error;
      }
    }
    const active = { ...activated(stream, log.logId), version: stream.version + 1 };
    await this.#catalog.replace(stream, active);
    return this.#keep(active);
  }

  /**
   * Deletes the log, then the row; the row last, so that what is left of a deletion is seen. It
   * waits out the second of the last shard, so that a stream made next has a later one.
   */
  async #finishDeletion(stream: Stream): Promise<void> {
    const { name, logId } = stream;
    await this.#administration.delete({ name, logId });
    const waitMs = nextCreationMs(stream) - this.#clock.nowMs();
    if (waitMs > 0 && waitMs <= secondMs) {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    this.forget(name);
    try {
      await this.#catalog.remove(stream);
    } catch (error) {
      // Another gateway has finished it.
      if (!isGatewayError(error, 'conflict')) throw error;
    }
  }

  async #changeLog(before: Stream, after: Stream): Promise<void> {
    const changed = changedSettings(before, after);
    if (Object.keys(changed).length === 0) return;
    // When the stream follows its log, the log has it already.
    const log = await this.#administration.settings(after.name);
    if (following(after, log) !== after) await this.#administration.change(after.name, changed);
  }

  #keep(stream: Stream, readAtMs = performance.now()): Stream {
    const found = Promise.resolve(stream);
    this.#cache.set(stream.name, { stream, found, readAtMs });
    return stream;
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
