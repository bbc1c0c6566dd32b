/**
 * One budget for several processes behind the same ports: each grants from its own copy and reports
 * what it has granted to the others, which charge it to theirs. No call waits for another process,
 * so the calls granted between two reports may exceed the rate; the excess becomes a deficit, so
 * the rate holds over any longer time.
 */
import type { CallUse, KeyedRates } from './keyed-rates.ts';
import type { ShardLimits, ShardUses } from './shard-limits.ts';

/**
 * The reports cost little CPU time at this interval, and the excess that it allows is small
 * compared with one second's worth.
 */
const tellEveryMs = 20;

export type BudgetUses = ShardUses & {
  /** Call rates of control plane actions. */
  readonly calls: readonly CallUse[];
};

export type SharedBudgetsSettings = {
  readonly shards: ShardLimits;
  readonly calls: KeyedRates;
  /** Resolves when the report is handed over, and never fails: the others may be gone. */
  readonly tell: (uses: BudgetUses) => Promise<void>;
};

export class SharedBudgets {
  readonly #settings: SharedBudgetsSettings;
  #timer: NodeJS.Timeout | undefined;
  #isTelling = false;

  constructor(settings: SharedBudgetsSettings) {
    this.#settings = settings;
  }

  start(): void {
    this.#timer = setInterval(() => this.tellNow(), tellEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A report from another process. */
  take(uses: BudgetUses): void {
    this.#settings.shards.chargeUses(uses);
    this.#settings.calls.chargeUses(uses.calls);
  }

  /** At most one report is in flight: what is taken meanwhile adds up. */
  tellNow(): void {
    if (this.#isTelling) return;
    const { shards, calls, tell } = this.#settings;
    const uses = { ...shards.takeUses(), calls: calls.takeUses() };
    if (uses.shards.length + uses.subscriptions.length + uses.calls.length === 0) return;
    this.#isTelling = true;
    void tell(uses).finally(() => {
      this.#isTelling = false;
    });
  }
}
