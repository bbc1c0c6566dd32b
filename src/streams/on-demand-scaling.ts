/**
 * Scales on-demand streams with the data written to them: measures in windows, stores the peaks in
 * the catalog, and starts reshardings. src/domain/streams/on-demand.ts decides what a stream needs;
 * every gateway measures its own writers.
 */
import { merged, nextRound, observed, type ShardWrites } from '../domain/streams/on-demand.ts';
import { withSettings } from '../domain/streams/stream-settings.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { isGatewayError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReshardingPlan, Reshardings } from './resharding.ts';
import type { ShardLimits } from './limits/shard-limits.ts';
import type { StreamDirectory } from './directory.ts';

export const measuringWindowMs = 10_000;
/** A rate measured over less time than this would only describe a burst. */
const windowMsMin = 1_000;
/** How often streams without writes are checked, because they may have too many shards. */
export const idleStreamsEveryMs = 60_000;

export type OnDemandScalingSettings = {
  readonly streams: StreamDirectory;
  readonly reshardings: Pick<Reshardings, 'begin'>;
  readonly limits: ShardLimits;
  readonly clock: Clock;
  readonly onProblem: (stream: string, error: unknown) => void;
};

export class OnDemandScaling {
  readonly #settings: OnDemandScalingSettings;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #measuredAtMs: number;
  #idleAtMs: number;
  /** Streams for which a round was started; they may need another one. */
  #changing = new Set<string>();

  constructor(settings: OnDemandScalingSettings) {
    this.#settings = settings;
    this.#measuredAtMs = settings.clock.nowMs();
    this.#idleAtMs = this.#measuredAtMs;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#working ??= this.measure().finally(() => (this.#working = undefined));
    }, measuringWindowMs);
    this.#timer.unref();
  }

  /** Waits for the work in progress. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
  }

  /** Ends a window and acts on its measurements. Errors: none; they are reported to onProblem. */
  async measure(): Promise<void> {
    const { limits, clock } = this.#settings;
    const nowMs = clock.nowMs();
    const windowMs = nowMs - this.#measuredAtMs;
    const usages = limits.takeUsage();
    this.#measuredAtMs = nowMs;
    this.#idleAtMs = Math.min(this.#idleAtMs, nowMs);
    // If the clock was set back or the window is too short, there is no rate yet: the next window
    // gives one.
    if (windowMs < windowMsMin) return;
    const others = new Set(this.#changing);
    this.#changing.clear();
    for (const { name, logId, shards } of usages) {
      others.delete(name);
      await this.#assess(name, shards, windowMs, logId);
    }
    if (nowMs - this.#idleAtMs >= idleStreamsEveryMs) {
      this.#idleAtMs = nowMs;
      const used = new Set(usages.map(({ name }) => name));
      for (const name of await this.#onDemandStreams()) if (!used.has(name)) others.add(name);
    }
    for (const name of others) await this.#assess(name, [], windowMs);
  }

  async #onDemandStreams(): Promise<readonly string[]> {
    const { streams, onProblem } = this.#settings;
    try {
      const known = await streams.listKnown();
      return known.filter(({ mode }) => mode === 'ON_DEMAND').map(({ name }) => name);
    } catch (error) {
      onProblem('', error);
      return [];
    }
  }

  async #assess(
    name: string,
    writes: readonly ShardWrites[],
    windowMs: number,
    logId?: string,
  ): Promise<void> {
    const { streams, clock, onProblem } = this.#settings;
    const nowMs = clock.nowMs();
    const isMeant = (stream: Stream) =>
      isScalable(stream) && (logId === undefined || stream.logId === logId);
    try {
      const known = await streams.find(name);
      if (!isMeant(known)) return;
      const stream = await this.#remember(known, (now) =>
        isMeant(now) ? observed(now, writes, windowMs, nowMs) : undefined,
      );
      if (isMeant(stream)) await this.#scale(stream, writes, windowMs, nowMs);
    } catch (error) {
      // The stream is gone, or another gateway was first.
      if (isGatewayError(error, 'not-found') || isGatewayError(error, 'conflict')) return;
      onProblem(name, error);
    }
  }

  /** Changes the catalog only if the history has changed. */
  async #remember(
    known: Stream,
    historyOf: (stream: Stream) => NonNullable<Stream['settings']>['onDemand'],
  ): Promise<Stream> {
    const isSame = (stream: Stream) => {
      const history = historyOf(stream);
      return history === undefined || history === stream.settings?.onDemand;
    };
    if (isSame(known)) return known;
    return this.#settings.streams.change(known.name, (now) => {
      const onDemand = historyOf(now);
      return onDemand === undefined || isSame(now) ? now : withSettings(now, { onDemand });
    });
  }

  async #scale(
    stream: Stream,
    writes: readonly ShardWrites[],
    windowMs: number,
    nowMs: number,
  ): Promise<void> {
    const { logId } = stream;
    const planOf = (now: Stream): ReshardingPlan => {
      const history = now.settings?.onDemand;
      const isMeant = isScalable(now) && now.logId === logId;
      if (history === undefined || !isMeant) return { round: undefined };
      const round = nextRound(now, history, writes, windowMs, nowMs);
      const isMerge = round !== undefined && round.parents.length > round.children.length;
      // Stored together with the merge, so that no other gateway merges again.
      return isMerge ? { round, settings: { onDemand: merged(history, nowMs) } } : { round };
    };
    if (planOf(stream).round === undefined) return;
    this.#changing.add(stream.name);
    await this.#settings.reshardings.begin(stream.name, planOf);
  }
}

/** Not during a resharding, and not topics that were not created through Kinesis. */
function isScalable({ mode, rules, status, resharding }: Stream): boolean {
  const isOnDemand = mode === 'ON_DEMAND' && rules === 'kinesis';
  return isOnDemand && status === 'ACTIVE' && resharding === undefined;
}
