/** Requests to the leader of a partition, repeated if leadership has moved. */
import { GatewayError } from '../../src/domain/errors.ts';
import type { LogPartition } from '../../src/ports/record-log.ts';
import { type Attempts, retried } from '../../src/runtime/retry.ts';
import { type Cluster, propagationMsMax } from './cluster.ts';
import { CodeError, isRetriable } from './error-kinds.ts';

const retryForMs = 10_000;
const retryEveryMs = 50;

type Ask<T> = (leader: number) => Promise<T>;

/** Only for requests that are safe to repeat. Errors: as `ask`; the signal's. */
export async function atLeader<T>(
  cluster: Cluster,
  where: LogPartition,
  ask: Ask<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    // Every read passes here: the first attempt costs no more than the request.
    return await ask(await cluster.leaderOf(where.log, where.partition));
  } catch (error) {
    return again(cluster, where, ask, error, signal);
  }
}

function again<T>(
  cluster: Cluster,
  { log, partition }: LogPartition,
  ask: Ask<T>,
  firstError: unknown,
  signal: AbortSignal | undefined,
): Promise<T> {
  const mayMend = (error: unknown, { tookMs }: Attempts): boolean => {
    cluster.forget(log);
    signal?.throwIfAborted();
    return tookMs < patienceMs(error);
  };
  let isFirst = true;
  return retried(retryEveryMs, mayMend, async () => {
    if (!isFirst) return ask(await cluster.leaderOf(log, partition));
    isFirst = false;
    throw firstError;
  });
}

/** How long failures are retried. */
function patienceMs(error: unknown): number {
  if (!(error instanceof GatewayError)) return 0;
  if (error.kind === 'not-found') return propagationMsMax;
  const isPassing =
    error instanceof CodeError ? isRetriable(error.code) : error.kind === 'unavailable';
  return isPassing ? retryForMs : 0;
}
