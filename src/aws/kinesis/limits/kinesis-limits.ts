import type { LimitObserver } from '../../../ports/observer.ts';
import type { KeyedRates } from '../../../streams/limits/keyed-rates.ts';
import type { ShardLimits } from '../../../streams/limits/shard-limits.ts';
import type { Faults } from './faults.ts';

/** What clients are held to. */
export type KinesisLimits = {
  /** Budgets of shards; undefined where no rates are kept. */
  readonly shards: ShardLimits | undefined;
  /** Calls of actions; undefined where no rates are kept. */
  readonly calls: KeyedRates | undefined;
  readonly faults: Faults;
  readonly observer: LimitObserver;
};

/** Of actions and streams, or actions of the account. */
export const ratesMax = 100_000;
