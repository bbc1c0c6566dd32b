/** The use cases of queues. */
import { GatewayError } from '../domain/errors.ts';
import { createQueueDirectory, type QueueDirectory } from '../queues/directory.ts';
import { QueueLifecycle } from '../queues/lifecycle.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import type { Backing } from './backing.ts';
import type { GatewayProcess } from './process.ts';

export type Queues = { readonly queues: QueueDirectory; readonly queueLifecycle: QueueLifecycle };

/** The ports of queues have no adapters yet, and no action that uses them is served. */
const missing = (): Promise<never> =>
  Promise.reject(new GatewayError('unavailable', 'there is no catalog of queues yet'));

export function queuesOf(
  { clock, logger, stops }: GatewayProcess,
  { log }: Backing,
  streams: StreamDirectory,
): Queues {
  const catalog = { get: missing, idOf: missing, list: missing, replace: missing };
  const queues = createQueueDirectory({
    catalog,
    onUnfinished: (queue) => queueLifecycle.notice(queue),
  });
  const queueLifecycle: QueueLifecycle = new QueueLifecycle({
    ...{ queues, streams, log, clock },
    catalog: { create: missing, remove: missing },
    rows: { clear: missing },
    shares: { create: missing, extend: missing, change: missing, delete: missing },
    onProblem: (queue, err) => logger.warn({ queue, err }, 'a queue that is being changed'),
  });
  stops.push(() => queueLifecycle.stop());
  return { queues, queueLifecycle };
}
