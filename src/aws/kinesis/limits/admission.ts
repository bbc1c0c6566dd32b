/** Whether a valid call may start: the rates of actions, and injected faults. */
import type { KinesisAction, KinesisContext } from '../action.ts';
import { KinesisError, rateExceeded } from '../errors.ts';

/** Errors: the injected one; LimitExceededException if the action is called too often. */
export function admit(action: KinesisAction, input: unknown, context: KinesisContext): void {
  const { limits } = context;
  const { name, rate } = action;
  const fault = limits.faults.ofCall(name);
  if (fault !== undefined) {
    limits.observer.injected('kinesis', name, fault, 1);
    throw new KinesisError(fault, `${fault} on purpose: KINESKA_FAULTS asks for it.`);
  }
  if (rate === undefined || limits.calls === undefined) return;
  const stream = streamNamed(input);
  const key = rate.per === 'stream' ? `${name} ${stream ?? ''}` : name;
  if (limits.calls.take(key, rate.perSecond)) return;
  limits.observer.throttled('kinesis', name, 'account', 1);
  const owner = stream === undefined ? 'account' : `stream ${stream} under account`;
  throw rateExceeded(`${owner} ${context.account}`);
}

/** The stream that a valid input names, by any member; undefined if it names none. */
export function streamNamed(input: unknown): string | undefined {
  const { StreamName, StreamARN, ConsumerARN } = input as Readonly<Record<string, unknown>>;
  if (typeof StreamName === 'string') return StreamName;
  const arn = StreamARN ?? ConsumerARN;
  return typeof arn === 'string' ? /:stream\/([^/]+)/.exec(arn)?.[1] : undefined;
}
