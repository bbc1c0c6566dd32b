/**
 * Looking up streams by name, and changing them: the interface of the catalog for the front doors
 * and the other use cases. Views are in views.ts, creation and deletion in lifecycle.ts, lists in
 * listing.ts.
 */
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import { isStreamName } from '../domain/streams/stream-names.ts';
import type { Stream, StreamSummary } from '../domain/streams/stream.ts';
import { following, type NewStream, retentionMsOf } from '../domain/streams/stream-rules.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogAdministration, LogSettings } from '../ports/log-administration.ts';
import type { NameRange, StreamCatalog } from '../ports/stream-catalog.ts';
import { KeyedTurns } from '../runtime/turns.ts';
import { StreamLifecycle } from './lifecycle.ts';
import { StreamListing, type StreamPage } from './listing.ts';
import { StreamViews } from './views.ts';

/** The number of attempts at a change that loses against concurrent changes. */
const attemptsMax = 20;
const changesWaitingMax = 100;

export type StreamDirectory = {
  /** A view whose lease is valid. Errors: `not-found`, `unavailable`. */
  find(name: string): Promise<Stream>;
  /** As find, but returns undefined instead of waiting. */
  peek(name: string): Stream | undefined;
  /** The last known view, however old; undefined if there is none. */
  known(name: string): Stream | undefined;
  /** Reads the catalog after this call started; concurrent calls share reads. Errors: as find. */
  findNow(name: string): Promise<Stream>;
  /** Whether the lease of this view is valid: no gateway has closed a shard that is open in it. */
  isCurrent(stream: Stream): boolean;
  /** As find, but bypasses the cache, and follows configs that were changed on the Kafka side. */
  findFresh(name: string): Promise<Stream>;
  /** Every stream, ordered by name. */
  list(): Promise<readonly StreamSummary[]>;
  /** The first streams after a name, and whether there are more. */
  listPage(range: NameRange): Promise<StreamPage>;
  /** The streams in the catalog. Topics that no client has asked for yet are not included. */
  listKnown(): Promise<readonly StreamSummary[]>;
  /**
   * Resolves when stream and log exist. Errors: `in-use` (a stream or log has the name);
   * `invalid-argument`, `policy-violation`, `access-denied` (the cluster refuses it: nothing is
   * written); `unavailable` (the stream may still appear: its creation is resumed later).
   */
  create(request: NewStream): Promise<Stream>;
  /**
   * Resolves when stream and log are gone. Errors: `not-found`, `in-use` (it is being created),
   * `policy-violation`, `access-denied` (the cluster refuses it: the stream stays).
   */
  delete(name: string): Promise<void>;
  /**
   * Applies a pure transition on the condition that the version is unchanged, and retries it on the
   * new state after a concurrent change. Errors of the transition are passed on.
   */
  change(name: string, transition: (stream: Stream) => Stream): Promise<Stream>;
  /** Discards the cached view of this stream. */
  forget(name: string): void;
  /**
   * The log of this name has just been deleted: deletes the rest of its stream. Errors:
   * `unavailable`.
   */
  logDeleted(name: string): Promise<void>;
};

export type StreamDirectorySettings = {
  readonly catalog: StreamCatalog;
  readonly administration: LogAdministration;
  readonly clock: Clock;
  /** Called with every stream that is read during a split or merge of its shards. */
  readonly onResharding: (stream: Stream) => void;
  /**
   * Called, and awaited, with every stream whose log is gone, before the catalog deletes its row;
   * possibly more than once.
   */
  readonly onGone: (stream: Stream) => Promise<void>;
  /** Reports failures of work that no call waits for. */
  readonly onProblem: (name: string, error: unknown) => void;
};

export function createStreamDirectory(settings: StreamDirectorySettings): StreamDirectory {
  return new Directory(settings);
}

class Directory implements StreamDirectory {
  readonly #settings: StreamDirectorySettings;
  readonly #views = new StreamViews((name) => this.#read(name));
  readonly #lifecycle: StreamLifecycle;
  readonly #listing: StreamListing;
  readonly #changing = new KeyedTurns();

  constructor(settings: StreamDirectorySettings) {
    this.#settings = settings;
    this.#lifecycle = new StreamLifecycle({ ...settings, views: this.#views });
    this.#listing = new StreamListing({
      ...settings,
      read: (name) => this.#read(name),
      clear: (name) => this.#lifecycle.clear(name),
    });
  }

  find(name: string): Promise<Stream> {
    return this.#views.find(name);
  }

  peek(name: string): Stream | undefined {
    return this.#views.peek(name);
  }

  known(name: string): Stream | undefined {
    return this.#views.known(name);
  }

  findNow(name: string): Promise<Stream> {
    return this.#views.findNow(name);
  }

  isCurrent(stream: Stream): boolean {
    return this.#views.isCurrent(stream);
  }

  forget(name: string): void {
    this.#views.forget(name);
  }

  async findFresh(name: string): Promise<Stream> {
    const stream = await this.#read(name);
    if (stream.status !== 'ACTIVE') return stream;
    const log = await this.#settings.administration.settings(name);
    const followed = following(stream, log);
    return followed === stream ? stream : this.change(name, (now) => following(now, log));
  }

  list(): Promise<readonly StreamSummary[]> {
    return this.#listing.all();
  }

  listPage(range: NameRange): Promise<StreamPage> {
    return this.#listing.page(range);
  }

  listKnown(): Promise<readonly StreamSummary[]> {
    return this.#listing.known();
  }

  create(request: NewStream): Promise<Stream> {
    return this.#lifecycle.create(request);
  }

  async delete(name: string): Promise<void> {
    const deleting = await this.change(name, (stream) => {
      if (stream.status === 'DELETING') return stream;
      if (stream.status !== 'CREATING') return { ...stream, status: 'DELETING' };
      throw new GatewayError('in-use', `stream ${name} is being made`);
    });
    await this.#lifecycle.finishDeletion(deleting);
  }

  logDeleted(name: string): Promise<void> {
    return this.#lifecycle.logDeleted(name);
  }

  async change(name: string, transition: (stream: Stream) => Stream): Promise<Stream> {
    if (this.#changing.size(name) >= changesWaitingMax) {
      throw new GatewayError('limit-exceeded', `too many changes of stream ${name} at once`);
    }
    return this.#changing.run(name, () => this.#changeNow(name, transition));
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
        await this.#settings.catalog.replace(before, after);
        this.#views.keep(after, this.#views.mark(), leasedAtMs);
        return after;
      } catch (error) {
        this.forget(name);
        if (!isGatewayError(error, 'conflict') || attempt >= attemptsMax) throw error;
      }
    }
  }

  /**
   * The log is changed first: if the row cannot be changed then, the stream follows its log when it
   * is described next.
   */
  async #changeLog(before: Stream, after: Stream): Promise<void> {
    const { administration } = this.#settings;
    const changed = changedSettings(before, after);
    if (Object.keys(changed).length === 0) return;
    // If the stream follows its log, the log has this setting already.
    const log = await administration.settings(after.name);
    if (following(after, log) !== after) await administration.change(after.name, changed);
  }

  /** The reconciled stream of row and log. */
  async #read(name: string): Promise<Stream> {
    const { catalog, administration, onResharding } = this.#settings;
    if (!isStreamName(name)) throw new GatewayError('not-found', `there is no stream ${name}`);
    for (let attempt = 1; ; attempt++) {
      const mark = this.#views.mark();
      const [stored, log] = await Promise.all([
        catalog.get(name, this.#views.known(name)),
        administration.describe(name),
      ]);
      try {
        const stream = await this.#lifecycle.reconcile(name, stored, log);
        this.#views.keep(stream, mark);
        if (stream.resharding !== undefined) onResharding(stream);
        return stream;
      } catch (error) {
        this.#views.drop(name);
        const isOvertaken = isGatewayError(error, 'conflict') || isGatewayError(error, 'in-use');
        if (!isOvertaken || attempt >= attemptsMax) throw error;
      }
    }
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
