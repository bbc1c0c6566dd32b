/** The first of several processes: starts the workers, and serves their metrics. */
import { GatewayError } from '../domain/errors.ts';
import { createSharedMetrics } from '../operations/metrics.ts';
import { openBacking } from './backing.ts';
import { certificateOf } from './certificate.ts';
import { reportsOf } from './groups.ts';
import { operationsOf } from './operations.ts';
import type { GatewayProcess, StartedPorts } from './process.ts';
import { queueReportsOf } from './queues.ts';
import { directoryOf } from './streams.ts';
import { startWorkers } from './workers/pool.ts';

export async function startFirst(gateway: GatewayProcess): Promise<StartedPorts> {
  const { config, place, logger, stops } = gateway;
  if (config.kinesisPort === 0 || config.kafkaPort === 0) {
    const message = '--workers wants ports that are set: --kinesis-port and --kafka-port.';
    throw new GatewayError('invalid-argument', message);
  }
  const backing = await openBacking(gateway, undefined);
  // Its workers continue resharding rounds.
  const streams = directoryOf(gateway, backing, () => undefined);
  // Created by the first process, so that workers do not all create it at the same time.
  await Promise.all([backing.catalog.secret(), certificateOf(gateway)]);
  const brokers = await backing.brokers.list();
  const lowestBrokerId = Math.min(...brokers.map(({ nodeId }) => nodeId));
  const workers = await startWorkers({ count: config.workers, place, lowestBrokerId }, logger);
  stops.push(() => workers.stop());
  const metrics = createSharedMetrics(workers);
  const reports = {
    groups: reportsOf(gateway, backing, streams),
    queues: queueReportsOf(gateway, backing, streams),
  };
  const operations = operationsOf(gateway, backing, metrics, reports, {
    name: 'workers',
    async check() {
      if (workers.readyCount() === 0) throw new GatewayError('unavailable', 'no worker is ready');
    },
  });
  return { ...workers.endpoints, opsPort: await operations.start() };
}
