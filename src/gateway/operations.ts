/** The operations port of a gateway, which one process has. */
import type { SharedMetrics } from '../operations/metrics.ts';
import { createOperationsServer, type OperationsServer, type Probe } from '../operations/server.ts';
import type { GroupReports } from '../groups/group-report.ts';
import type { QueueReports } from '../queues/queue-report.ts';
import type { Backing } from './backing.ts';
import type { GatewayProcess } from './process.ts';

/** Read to check that the catalog responds; the stream need not exist. */
const probedName = 'readiness';

export function operationsOf(
  { config, stops }: GatewayProcess,
  { cluster, catalog }: Backing,
  metrics: SharedMetrics,
  reports: { readonly groups: GroupReports; readonly queues: QueueReports },
  ...probes: readonly Probe[]
): OperationsServer {
  metrics.groups((groupsMax) => reports.groups.list(groupsMax));
  metrics.queueReports((queuesMax) => reports.queues.list(queuesMax));
  const operations = createOperationsServer({
    host: config.host,
    port: config.opsPort,
    registry: metrics.registry,
    ...reports,
    probes: [
      { name: 'kafka', check: () => cluster.refreshBrokers() },
      {
        name: 'dynamodb',
        async check() {
          await catalog.get(probedName);
        },
      },
      ...probes,
    ],
  });
  stops.push(() => operations.stop());
  return operations;
}
