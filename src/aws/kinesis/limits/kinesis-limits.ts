import type { LimitObserver } from '../../../ports/observer.ts';
import type { KeyedRates } from '../../../streams/limits/keyed-rates.ts';
import type { ShardLimits } from '../../../streams/limits/shard-limits.ts';
import type { Faults } from './faults.ts';

/** The limits that are enforced. */
export type KinesisLimits = {
  /** Budgets of shards; undefined if rates are not enforced. */
  readonly shards: ShardLimits | undefined;
  /** Call rates of actions; undefined if rates are not enforced. */
  readonly calls: KeyedRates | undefined;
  readonly faults: Faults;
  readonly observer: LimitObserver;
};

/** By action and stream, or by action for the whole account. */
export const ratesMax = 100_000;
