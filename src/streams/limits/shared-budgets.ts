/**
 * One budget for several processes behind the same ports: each grants from its own copy, and tells
 * the others what it has granted, who owe it too. No call waits for another process, so what is
 * granted between two tellings may be over the rate; it is a debt afterwards, so that the rate
 * holds over any longer time.
 */
import type { CallUse, KeyedRates } from './keyed-rates.ts';
import type { ShardLimits, ShardUses } from './shard-limits.ts';

/** What the tellings cost in time is little beside it, and what they let pass beside a second. */
const tellEveryMs = 20;

export type BudgetUses = ShardUses & {
  /** Of actions of the control plane. */
  readonly calls: readonly CallUse[];
};

export type SharedBudgetsSettings = {
  readonly shards: ShardLimits;
  readonly calls: KeyedRates;
  /** Resolves when it is handed over, and never fails: others may be gone. */
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

  /** What others told. */
  take(uses: BudgetUses): void {
    this.#settings.shards.chargeUses(uses);
    this.#settings.calls.chargeUses(uses.calls);
  }

  /** One telling is under way at most: what comes meanwhile adds up. */
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
