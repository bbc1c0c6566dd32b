/** Requests to the leader of a partition, repeated if leadership has moved. */
import { GatewayError } from '../../src/domain/errors.ts';
import type { LogPartition } from '../../src/ports/record-log.ts';
import { type Attempts, retried } from '../../src/runtime/retry.ts';
import { type Cluster, propagationMsMax } from './cluster.ts';
import { CodeError, isRetriable } from './error-kinds.ts';

const retryForMs = 10_000;
const retryEveryMs = 50;

/** Only for requests that are safe to repeat. Errors: as `ask`; the signal's. */
export function atLeader<T>(
  cluster: Cluster,
  { log, partition }: LogPartition,
  ask: (leader: number) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const mayMend = (error: unknown, { tookMs }: Attempts): boolean => {
    cluster.forget(log);
    signal?.throwIfAborted();
    return tookMs < patienceMs(error);
  };
  return retried(retryEveryMs, mayMend, async () => ask(await cluster.leaderOf(log, partition)));
}

/** How long failures are retried. */
function patienceMs(error: unknown): number {
  if (!(error instanceof GatewayError)) return 0;
  if (error.kind === 'not-found') return propagationMsMax;
  const isPassing =
    error instanceof CodeError ? isRetriable(error.code) : error.kind === 'unavailable';
  return isPassing ? retryForMs : 0;
}
