/**
 * Creating, adopting and deleting streams. A stream is a row in the catalog and a log in the
 * cluster; here the two are reconciled: a log that was not created through Kinesis gets a row, a
 * row whose log is gone is deleted, and what a gateway left half done when it died is finished by
 * the next one that reads it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError, isGatewayError, isRefusal } from '../domain/errors.ts';
import { areOneToKafka, whyNoStreamName } from '../domain/streams/stream-names.ts';
import type { Stream } from '../domain/streams/stream.ts';
import {
  activated,
  adopted,
  grown,
  mustGrow,
  newStream,
  type NewStream,
  nextCreationMs,
  retentionMsOf,
} from '../domain/streams/stream-rules.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  LogAdministration,
  LogDescription,
  LogSettings,
} from '../ports/log-administration.ts';
import type { StreamCatalog } from '../ports/stream-catalog.ts';
import { untilDefined } from '../runtime/retry.ts';
import type { StreamViews } from './views.ts';

/** A stream that is CREATING for longer was left by a gateway that died. */
const creationTakeoverMs = 10_000;
/** Brokers learn of a new log with a delay; a row younger than this waits for it. */
const vanishedAfterMs = 30_000;
/** How long a broker may still report a deleted log, and how often it is asked. */
const deletionSeenMsMax = 2_000;
const deletionCheckMs = 20;
const secondMs = 1_000;

export type StreamLifecycleSettings = {
  readonly catalog: StreamCatalog;
  readonly administration: LogAdministration;
  readonly clock: Clock;
  readonly views: Pick<StreamViews, 'mark' | 'keep' | 'forget'>;
  /**
   * Called, and awaited, with every stream whose log is gone, before the catalog deletes its row;
   * possibly more than once.
   */
  readonly onGone: (stream: Stream) => Promise<void>;
};

export class StreamLifecycle {
  readonly #catalog: StreamCatalog;
  readonly #administration: LogAdministration;
  readonly #clock: Clock;
  readonly #views: StreamLifecycleSettings['views'];
  readonly #onGone: (stream: Stream) => Promise<void>;
  readonly #deleting = new Map<string, Promise<void>>();

  constructor({ catalog, administration, clock, views, onGone }: StreamLifecycleSettings) {
    this.#catalog = catalog;
    this.#administration = administration;
    this.#clock = clock;
    this.#views = views;
    this.#onGone = onGone;
  }

  /** See StreamDirectory.create. */
  async create(request: NewStream): Promise<Stream> {
    const { name } = request;
    const refusal = whyNoStreamName(name);
    if (refusal !== undefined) throw new GatewayError('invalid-argument', refusal);
    const [stored, log] = await Promise.all([
      this.#catalog.get(name),
      this.#administration.describe(name),
    ]);
    if (stored?.status === 'DELETING') this.finishDeletion(stored).catch(ignore);
    const isBetween = stored?.status === 'CREATING' || stored?.status === 'DELETING';
    if (log !== undefined || isBetween) throw new GatewayError('in-use', `stream ${name} exists`);
    // The row of a log that was deleted on the Kafka side must not be in the way.
    const earliestMs = stored === undefined ? 0 : nextCreationMs(stored);
    const stream = newStream(request, Math.max(this.#clock.nowMs(), earliestMs));
    await this.#checkLog(stream);
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
      this.#views.forget(name);
    }
    return this.#finishCreation(stream);
  }

  /** Errors: those with which the cluster would refuse the log; then nothing is written. */
  async #checkLog(stream: Stream): Promise<void> {
    const { name, shards } = stream;
    try {
      await this.#administration.check(name, shards.length, logSettingsOf(stream));
    } catch (error) {
      if (!isGatewayError(error, 'invalid-argument')) throw error;
      const logs = await this.#administration.list();
      const other = logs.find((each) => areOneToKafka(each.name, name));
      if (other === undefined) throw error;
      const message =
        `Stream name ${name} cannot be used: there is a stream ${other.name}, and names that ` +
        'differ in . and _ only are one to the backing cluster.';
      throw new GatewayError('invalid-argument', message, { cause: error });
    }
  }

  /**
   * Reconciles row and log to one stream. Errors: `not-found`; `conflict` or `in-use` if another
   * gateway was first: read again.
   */
  async reconcile(
    name: string,
    stored: Stream | undefined,
    log: LogDescription | undefined,
  ): Promise<Stream> {
    const nowMs = this.#clock.nowMs();
    if (stored?.status === 'CREATING') {
      const isLeft = nowMs - stored.createdAtMs >= creationTakeoverMs;
      return isLeft ? this.#takeOverCreation(stored) : stored;
    }
    if (stored?.status === 'DELETING') {
      // Deleting twice does no harm; if this fails, the next read tries again.
      this.finishDeletion(stored).catch(ignore);
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

  /**
   * Deletes a row whose name no stream can have, which an earlier version created. The log stays:
   * it is not the gateway's.
   */
  async clear(name: string): Promise<void> {
    const stored = await this.#catalog.get(name);
    if (stored === undefined) return;
    await this.#onGone(stored);
    await this.#removeRow(stored);
  }

  /** Deletes log and row of a stream that is DELETING; one deletion at a time for each name. */
  finishDeletion(stream: Stream): Promise<void> {
    const running = this.#deleting.get(stream.name);
    if (running !== undefined) return running;
    const deleting = this.#deleteLogAndRow(stream).finally(() =>
      this.#deleting.delete(stream.name),
    );
    this.#deleting.set(stream.name, deleting);
    return deleting;
  }

  /** See StreamDirectory.logDeleted. */
  async logDeleted(name: string): Promise<void> {
    this.#views.forget(name);
    const stored = await this.#catalog.get(name);
    // A gateway that is creating or deleting the stream cleans up by itself.
    if (stored?.status !== 'ACTIVE' && stored?.status !== 'UPDATING') return;
    if (await this.#isLogGone(stored)) await this.#onGone(stored);
  }

  /** A broker may report a log for a moment after its deletion. */
  async #isLogGone({ name, logId }: Stream): Promise<boolean> {
    const patience = { everyMs: deletionCheckMs, waitMsMax: deletionSeenMsMax };
    const gone = await untilDefined(patience, async () => {
      const log = await this.#administration.describe(name);
      return log?.logId === logId ? undefined : true;
    });
    return gone === true;
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

  /** Only if the log has had time to appear, and two different queries do not find it. */
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

  /** Errors: `not-found` if the cluster refuses the log, so there will be no stream. */
  async #takeOverCreation(stored: Stream): Promise<Stream> {
    try {
      return await this.#finishCreation(stored);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const message = `there is no stream ${stored.name}: its log was refused`;
      throw new GatewayError('not-found', message, { cause: error });
    }
  }

  /** Creates the log and activates the stream; harmless if another gateway has done part of it. */
  async #finishCreation(stream: Stream): Promise<Stream> {
    const { name, shards } = stream;
    let made: LogDescription | undefined;
    try {
      made = await this.#administration.create(name, shards.length, logSettingsOf(stream));
    } catch (error) {
      if (isRefusal(error)) await this.#catalog.remove(stream);
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
    this.#views.keep(active, this.#views.mark(), leasedAtMs);
    return active;
  }

  /**
   * The log that a gateway created before it died. Errors: `in-use` if it belongs to something
   * else.
   */
  async #logMadeBefore(stream: Stream): Promise<LogDescription> {
    const { name, shards } = stream;
    const log = await this.#administration.describe(name);
    if (log === undefined) throw new GatewayError('conflict', `the log of ${name} comes and goes`);
    const { arrivalTimestamps } = await this.#administration.settings(name);
    if (arrivalTimestamps && log.partitionCount === shards.length) return log;
    await this.#catalog.remove(stream);
    throw new GatewayError('in-use', `another topic has the name ${name}`);
  }

  /**
   * The resulting stream; a log that was created here and belongs to no stream is deleted again.
   */
  async #finishedByAnother(active: Stream, made: LogDescription | undefined): Promise<Stream> {
    const now = await this.#catalog.get(active.name);
    if (now?.createdAtMs === active.createdAtMs && now.logId === active.logId) return now;
    const isOwned = now?.logId === made?.logId || now?.status === 'CREATING';
    if (made !== undefined && !isOwned) await this.#administration.delete(made);
    throw new GatewayError('in-use', `stream ${active.name} was changed while it was made`);
  }

  /**
   * Deletes the log, then the row; the row last, so that an interrupted deletion remains visible.
   * Waits until the creation second of the newest shard has passed, so that the next stream of this
   * name has a later one. If the cluster refuses to delete the log, the stream is restored.
   */
  async #deleteLogAndRow(stream: Stream): Promise<void> {
    const { name, logId } = stream;
    try {
      await this.#administration.delete({ name, logId });
    } catch (error) {
      if (isRefusal(error)) await this.#restore(stream);
      throw error;
    }
    await this.#onGone(stream);
    const waitMs = nextCreationMs(stream) - this.#clock.nowMs();
    if (waitMs > 0 && waitMs <= secondMs) await delay(waitMs);
    await this.#removeRow(stream);
  }

  async #restore(stream: Stream): Promise<void> {
    const status = stream.resharding === undefined ? 'ACTIVE' : 'UPDATING';
    const restored = { ...stream, status, version: stream.version + 1 } as const;
    await this.#unlessOvertaken(stream, this.#catalog.replace(stream, restored));
  }

  #removeRow(stream: Stream): Promise<void> {
    return this.#unlessOvertaken(stream, this.#catalog.remove(stream));
  }

  /** Another gateway was first and has done the same. */
  async #unlessOvertaken({ name }: Stream, change: Promise<void>): Promise<void> {
    try {
      await change;
    } catch (error) {
      if (!isGatewayError(error, 'conflict')) throw error;
    } finally {
      this.#views.forget(name);
    }
  }
}

function logSettingsOf({ retentionHours, recordKiBMax }: Stream): LogSettings {
  return {
    retentionMs: retentionMsOf(retentionHours),
    recordBytesMax: recordKiBMax * 1024,
    arrivalTimestamps: true,
  };
}

/** The next call that reads the stream receives the failure. */
function ignore(): void {}
