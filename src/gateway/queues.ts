/** The use cases of queues. */
import { QueueConsumption } from '../queues/consumption.ts';
import { createQueueDirectory, type QueueDirectory } from '../queues/directory.ts';
import { QueueLifecycle } from '../queues/lifecycle.ts';
import { QueueReports } from '../queues/queue-report.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import type { Backing } from './backing.ts';
import type { GatewayProcess } from './process.ts';

export type Queues = {
  readonly queues: QueueDirectory;
  readonly queueLifecycle: QueueLifecycle;
  readonly consumption: QueueConsumption;
  /** Starts the background work, which reads all queues. */
  resumeQueues(): void;
};

export function queuesOf(
  { clock, logger, stops }: GatewayProcess,
  { log, queues: catalog, queueRows: rows, shares }: Backing,
  streams: StreamDirectory,
): Queues {
  const queues = createQueueDirectory({
    catalog,
    onUnfinished: (queue) => queueLifecycle.notice(queue),
  });
  const onProblem = (queue: string, err: unknown) => logger.warn({ queue, err }, 'queue');
  const queueLifecycle: QueueLifecycle = new QueueLifecycle({
    ...{ catalog, queues, rows, shares, streams, log, clock, onProblem },
  });
  stops.push(() => queueLifecycle.stop());
  return {
    ...{ queues, queueLifecycle },
    consumption: new QueueConsumption({
      ...{ queues, streams, shares, rows, log, clock, onProblem },
    }),
    resumeQueues() {
      queueLifecycle.resume().catch((error: unknown) => onProblem('', error));
    },
  };
}

export function queueReportsOf(
  { clock }: GatewayProcess,
  { log, queues: catalog, queueRows: rows, shares }: Backing,
  streams: StreamDirectory,
): QueueReports {
  return new QueueReports({ catalog, streams, shares, rows, log, clock });
}
