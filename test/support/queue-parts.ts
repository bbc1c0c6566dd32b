/** The queues of a gateway of test/support/gateways.ts, on the engines of the test run. */
import type { Database } from '../../adapters/dynamodb/database.ts';
import { openQueueCatalog } from '../../adapters/dynamodb/queue-catalog.ts';
import { openQueueRows } from '../../adapters/dynamodb/queue-rows.ts';
import type { Cluster } from '../../adapters/kafka/cluster.ts';
import { KafkaShareLog } from '../../adapters/kafka/share-log.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { QueueCatalog } from '../../src/ports/queue-catalog.ts';
import type { QueueRows } from '../../src/ports/queue-rows.ts';
import type { RecordLog } from '../../src/ports/record-log.ts';
import type { ShareLog } from '../../src/ports/share-log.ts';
import { createQueueDirectory, type QueueDirectory } from '../../src/queues/directory.ts';
import { QueueLifecycle } from '../../src/queues/lifecycle.ts';
import type { StreamDirectory } from '../../src/streams/directory.ts';

/** What queues are stored in. */
export type QueuePorts = {
  readonly catalog: QueueCatalog;
  readonly rows: QueueRows;
  readonly shares: ShareLog;
};

export type QueueParts = {
  readonly queues: QueueDirectory;
  readonly queueLifecycle: QueueLifecycle;
  readonly queuePorts: QueuePorts;
};

export type QueueOptions = {
  /** What the gateway sees of its queues' ports: a place to let one stop in the middle. */
  readonly queuePortsOf?: (ports: QueuePorts) => QueuePorts;
  /** How long a queue is unfinished before this gateway takes it over. */
  readonly takeoverAfterMs?: number;
};

export type QueueSurroundings = {
  readonly database: Database;
  readonly table: string;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly streams: StreamDirectory;
  readonly log: RecordLog;
};

export function openQueueParts(
  { database, table, cluster, clock, streams, log }: QueueSurroundings,
  { queuePortsOf = (ports) => ports, takeoverAfterMs }: QueueOptions = {},
): QueueParts {
  const queuePorts = queuePortsOf({
    catalog: openQueueCatalog(database, table),
    rows: openQueueRows(database, clock, table),
    shares: new KafkaShareLog(cluster),
  });
  const queues: QueueDirectory = createQueueDirectory({
    catalog: queuePorts.catalog,
    onUnfinished: (queue) => queueLifecycle.notice(queue),
  });
  const queueLifecycle: QueueLifecycle = new QueueLifecycle({
    ...{ ...queuePorts, queues, streams, log, clock },
    onProblem: () => undefined,
    ...(takeoverAfterMs === undefined ? {} : { takeoverAfterMs }),
  });
  return { queues, queueLifecycle, queuePorts };
}

/** The port itself, where something happens before or after calls of one method. */
export function happeningAt<P extends object>(
  port: P,
  method: keyof P,
  when: 'before' | 'after',
  happen: () => Promise<unknown>,
): P {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...given: unknown[]) => Promise<unknown>;
      if (name !== method) return call;
      return async (...given: unknown[]) => {
        if (when === 'before') await happen();
        const result = await call(...given);
        if (when === 'after') await happen();
        return result;
      };
    },
  });
}
