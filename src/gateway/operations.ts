/** The operations port of a gateway, which one process has. */
import type { SharedMetrics } from '../operations/metrics.ts';
import { createOperationsServer, type OperationsServer, type Probe } from '../operations/server.ts';
import type { GroupReporting } from '../ports/group-reports.ts';
import type { Backing } from './backing.ts';
import type { GatewayProcess } from './process.ts';

/** Read to check that the catalog responds; the stream need not exist. */
const probedName = 'readiness';

export function operationsOf(
  { config, stops }: GatewayProcess,
  { cluster, catalog }: Backing,
  { registry }: Pick<SharedMetrics, 'registry'>,
  groups: GroupReporting,
  ...probes: readonly Probe[]
): OperationsServer {
  const operations = createOperationsServer({
    host: config.host,
    port: config.opsPort,
    registry,
    groups,
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
