/** Whether a valid call may begin: the rates of actions, and faults on purpose. */
import type { LimitObserver } from '../../../ports/observer.ts';
import type { KeyedRates } from '../../../streams/limits/keyed-rates.ts';
import type { ShardLimits } from '../../../streams/limits/shard-limits.ts';
import type { Action, KinesisContext } from '../../protocol/action.ts';
import { controlRates, streamNamed } from './control-rates.ts';
import { KinesisError, rateExceeded } from '../../protocol/errors.ts';
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

/** Errors: the injected one; LimitExceededException where the action is called too often. */
export function admit(action: Action, input: unknown, context: KinesisContext): void {
  const { limits } = context;
  if (limits === undefined) return;
  const { name } = action;
  const fault = limits.faults.ofCall(name);
  if (fault !== undefined) {
    limits.observer.injected(name, fault, 1);
    throw new KinesisError(fault, `${fault} on purpose: KINESKA_FAULTS asks for it.`);
  }
  const rate = controlRates[name];
  if (rate === undefined || limits.calls === undefined) return;
  const stream = streamNamed(input);
  const key = rate.per === 'stream' ? `${name} ${stream ?? ''}` : name;
  if (limits.calls.take(key, rate.perSecond)) return;
  limits.observer.throttled(name, 'account', 1);
  const owner = stream === undefined ? 'account' : `stream ${stream} under account`;
  throw rateExceeded(`${owner} ${context.account}`);
}
