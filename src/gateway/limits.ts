/** Rates that are enforced and shared by workers, and injected faults. */
import { actions } from '../aws/kinesis/actions/index.ts';
import { Faults, parseFaults } from '../aws/kinesis/limits/faults.ts';
import { type KinesisLimits, ratesMax } from '../aws/kinesis/limits/kinesis-limits.ts';
import { ConfigError } from '../config/setting.ts';
import type { Config } from '../config/settings.ts';
import { isGatewayError } from '../domain/errors.ts';
import type { LimitObserver } from '../ports/observer.ts';
import { KeyedRates } from '../streams/limits/keyed-rates.ts';
import { ShardLimits } from '../streams/limits/shard-limits.ts';
import { SharedBudgets } from '../streams/limits/shared-budgets.ts';
import type { GatewayProcess } from './process.ts';
import { tellWorkers, whenTold } from './workers/pool.ts';

/** Faults are injected even if rates are not enforced. */
export function limitsOf(gateway: GatewayProcess, observer: LimitObserver): KinesisLimits {
  const { config, clock, worker } = gateway;
  const unlimited = { shards: undefined, calls: undefined, faults: faultsOf(config), observer };
  if (config.limits === 'off') return unlimited;
  const isShared = worker !== undefined;
  const shards = new ShardLimits(clock, { isShared });
  const calls = new KeyedRates(clock, ratesMax, { isShared });
  if (isShared) share(gateway, shards, calls);
  return { ...unlimited, shards, calls };
}

/** All workers share one budget per shard, and one rate per action. */
function share({ stops }: GatewayProcess, shards: ShardLimits, calls: KeyedRates): void {
  const budgets = new SharedBudgets({ shards, calls, tell: tellWorkers });
  whenTold((uses) => budgets.take(uses));
  budgets.start();
  stops.push(() => budgets.stop());
}

/** Errors: ConfigError, which describes the invalid setting. */
export function faultsOf({ faults }: Pick<Config, 'faults'>): Faults {
  const names = actions.map(({ name }) => name);
  try {
    return new Faults(parseFaults(faults, names));
  } catch (error) {
    if (isGatewayError(error)) throw new ConfigError(`--faults ${error.message}`);
    throw error;
  }
}
