/**
 * Splitting and merging shards, such that no acknowledged record is stranded, however many gateways
 * write at the time; docs/decisions/0007-resharding.md explains why. Each step is one conditional
 * change of the catalog, and any gateway can continue where another one died:
 *
 * 1. the round is stored (`draining`), and the log gets the children's partitions;
 * 2. once every earlier view has expired, the parents are `sealed`: records that arrive for them
 *    are held or settled by writer.ts;
 * 3. once every view of the draining stream has expired, the parents' end offsets are read; then
 *    the parents are closed and the children opened, in one change.
 */
import {
  begun,
  finished,
  partitionsWanted,
  sealed,
  takenOver,
  undone,
  unsealed,
} from '../domain/streams/reshard.ts';
import { withSettings } from '../domain/streams/stream-settings.ts';
import type {
  Offset,
  Resharding,
  Round,
  Stream,
  StreamSettings,
} from '../domain/streams/stream.ts';
import { GatewayError, isGatewayError, isRefusal } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogAdministration } from '../ports/log-administration.ts';
import type { RecordLog } from '../ports/record-log.ts';
import { Turns } from '../runtime/turns.ts';
import type { StreamDirectory } from './directory.ts';
import { drainingViewLeaseMs, viewLeaseMs } from './views.ts';

/** The clocks of two machines may drift apart, but by less than one percent. */
const clockMarginMs = 20;
/** A round without progress for this long was left by a gateway that died. */
export const takeoverAfterMs = 4_000;
/** Puts are held no longer than this while the parents' end offsets are read. */
const sealedMsMax = 3_000;
const retryEveryMs = 200;
/** The most rounds that one gateway works on at once; others wait for their turn. */
const roundsAtOnce = 16;

export type ReshardingSettings = {
  readonly streams: Pick<StreamDirectory, 'change' | 'list' | 'findNow'>;
  readonly administration: Pick<LogAdministration, 'grow'>;
  readonly log: Pick<RecordLog, 'writtenOffset'>;
  readonly clock: Clock;
  readonly onProblem: (stream: string, error: unknown) => void;
};

export type ReshardingPlan = {
  readonly round: Round | undefined;
  /** The wanted number of open shards, after further rounds. */
  readonly target?: number;
  /** Stored together with the start of the round, or not at all. */
  readonly settings?: StreamSettings;
};

/** The last observed step of another gateway's round, and since when, by performance.now(). */
type Sighting = { readonly attempt: number; readonly step: string; readonly sinceMs: number };

export class Reshardings {
  readonly #settings: ReshardingSettings;
  readonly #running = new Map<string, Promise<void>>();
  readonly #seen = new Map<string, Sighting>();
  readonly #turns = new Turns(roundsAtOnce);
  #stopped = false;

  constructor(settings: ReshardingSettings) {
    this.#settings = settings;
  }

  /**
   * Starts what `plan` returns for the current stream; resolves when the stream is UPDATING, and
   * the rest continues in the background. If there is nothing to do, nothing changes. Errors: those
   * of the plan and of StreamDirectory.change.
   */
  async begin(name: string, plan: (stream: Stream) => ReshardingPlan): Promise<Stream> {
    let isBegun = false;
    const stream = await this.#settings.streams.change(name, (now) => {
      const { round, target, settings } = plan(now);
      isBegun = round !== undefined;
      if (round === undefined) return now;
      return begun(settings === undefined ? now : withSettings(now, settings), round, target);
    });
    // A round that another gateway has started belongs to that gateway.
    if (isBegun) this.#run(stream);
    return stream;
  }

  /** Resumes rounds that were interrupted when all gateways stopped. */
  async resume(): Promise<void> {
    const { streams, onProblem } = this.#settings;
    for (const { name, status } of await streams.list()) {
      if (status !== 'UPDATING') continue;
      await streams.findNow(name).catch((error: unknown) => onProblem(name, error));
      setTimeout(() => void streams.findNow(name).catch(() => {}), takeoverAfterMs + 1).unref();
    }
  }

  /** Rounds in progress are left to other gateways, or to the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running.values());
  }

  /** To be called with every stream that is read from the catalog during its resharding. */
  notice(stream: Stream): void {
    const { name, resharding } = stream;
    if (resharding === undefined || this.#running.has(name) || this.#stopped) return;
    const { attempt, step } = resharding;
    const seen = this.#seen.get(name);
    const nowMs = performance.now();
    if (seen?.attempt !== attempt || seen.step !== step) {
      this.#seen.set(name, { attempt, step, sinceMs: nowMs });
    } else if (nowMs - seen.sinceMs > takeoverAfterMs) {
      this.#seen.delete(name);
      this.#run(stream, true);
    }
  }

  #run(stream: Stream, isTakeover = false): void {
    const { name } = stream;
    if (stream.resharding === undefined || this.#running.has(name) || this.#stopped) return;
    const work = this.#turns
      .run(() => this.#finish(stream, isTakeover))
      .catch((error: unknown) => {
        if (!isGatewayError(error, 'conflict') && !isGatewayError(error, 'not-found')) {
          this.#settings.onProblem(name, error);
        }
      })
      .finally(() => {
        this.#running.delete(name);
      });
    this.#running.set(name, work);
  }

  /** Errors: `conflict` if another gateway has taken over or the stream is being deleted. */
  async #finish(begunStream: Stream, isTakeover: boolean): Promise<void> {
    let stream = begunStream;
    if (isTakeover) stream = await this.#change(stream, takenOver);
    while (stream.resharding !== undefined && !this.#stopped) {
      stream =
        stream.resharding.step === 'draining'
          ? await this.#drain(stream)
          : await this.#close(stream);
    }
  }

  async #drain(stream: Stream): Promise<Stream> {
    const { administration } = this.#settings;
    const leasesEndAtMs = performance.now() + viewLeaseMs + clockMarginMs;
    try {
      await administration.grow(stream.name, partitionsWanted(stream));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#settings.onProblem(stream.name, error);
      return this.#change(stream, undone);
    }
    await this.#waitUntil(leasesEndAtMs);
    return this.#change(stream, sealed);
  }

  async #close(stream: Stream): Promise<Stream> {
    await this.#waitUntil(performance.now() + drainingViewLeaseMs + clockMarginMs);
    let ends: readonly Offset[];
    try {
      ends = await this.#endsOf(stream);
    } catch (error) {
      // Puts must not wait longer: they are accepted again until the cluster answers.
      this.#settings.onProblem(stream.name, error);
      return this.#change(stream, unsealed);
    }
    const { clock, onProblem } = this.#settings;
    try {
      return await this.#change(stream, (now) => finished(now, ends, clock.nowMs()));
    } catch (error) {
      if (!isGatewayError(error, 'limit-exceeded')) throw error;
      // The catalog's row has no room for the next round: this one is the last.
      onProblem(stream.name, error);
      return this.#change(stream, (now) => finished(withoutTarget(now), ends, clock.nowMs()));
    }
  }

  async #endsOf({ name, resharding }: Stream): Promise<readonly Offset[]> {
    const { log } = this.#settings;
    const giveUpAtMs = performance.now() + sealedMsMax;
    for (;;) {
      try {
        const { parents } = resharding as Resharding;
        return await Promise.all(
          parents.map((partition) => log.writtenOffset({ log: name, partition })),
        );
      } catch (error) {
        if (performance.now() > giveUpAtMs) throw error;
      }
      await this.#waitUntil(performance.now() + retryEveryMs);
    }
  }

  /** On the condition that the round still belongs to this gateway, and is in this step. */
  #change(stream: Stream, transition: (now: Stream) => Stream): Promise<Stream> {
    const { attempt, step } = stream.resharding as Resharding;
    return this.#settings.streams.change(stream.name, (now) => {
      const { resharding } = now;
      const isOurs = resharding?.attempt === attempt && resharding.step === step;
      if (this.#stopped || !isOurs || now.status !== 'UPDATING') {
        throw new GatewayError('conflict', `another gateway reshards ${stream.name}`);
      }
      return transition(now);
    });
  }

  async #waitUntil(ms: number): Promise<void> {
    const restMs = ms - performance.now();
    if (restMs > 0 && !this.#stopped) await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}

function withoutTarget(stream: Stream): Stream {
  const { target: _, ...resharding } = stream.resharding as Resharding;
  return { ...stream, resharding };
}
