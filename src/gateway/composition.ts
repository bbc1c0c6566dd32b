/**
 * The composition root of a process that serves clients: creates its parts in the order of their
 * dependencies, connects them, and starts them. Each part is created in its own file.
 */
import { createMetrics, shareMetrics } from '../operations/metrics.ts';
import { version } from '../version.ts';
import { awsDoorOf } from './aws-door.ts';
import { openBacking } from './backing.ts';
import { certificateOf } from './certificate.ts';
import { groupsOf, reportsOf } from './groups.ts';
import { kafkaDoorOf } from './kafka-door.ts';
import { limitsOf } from './limits.ts';
import { operationsOf } from './operations.ts';
import type { GatewayProcess, StartedPorts } from './process.ts';
import { queueReportsOf, queuesOf } from './queues.ts';
import { streamsOf } from './streams.ts';

export async function startGateway(gateway: GatewayProcess): Promise<StartedPorts> {
  const metrics = createMetrics(version);
  const backing = await openBacking(gateway, metrics.backing);
  const limits = limitsOf(gateway, metrics.limits);
  const streams = streamsOf(gateway, backing, limits.shards);
  const groups = groupsOf(gateway, backing, streams.streams);
  const queues = queuesOf(gateway, backing, streams.streams);
  const [secret, certificate] = await Promise.all([
    backing.catalog.secret(),
    certificateOf(gateway),
    backing.cluster.refreshBrokers(),
  ]);
  const shared = { limits, certificate };
  const aws = awsDoorOf(gateway, backing, {
    ...{ ...shared, ...streams, ...queues, secret },
    observer: metrics.door('kinesis'),
    queueObserver: metrics.queues,
  });
  const kafka = await kafkaDoorOf(gateway, backing, {
    ...{ ...shared, ...streams, groups, observer: metrics.door('kafka') },
  });
  const openOperations = () => {
    const reports = {
      groups: reportsOf(gateway, backing, streams.streams),
      queues: queueReportsOf(gateway, backing, streams.streams),
    };
    return operationsOf(gateway, backing, metrics, reports);
  };
  if (gateway.worker !== undefined) shareMetrics(metrics);
  const operations = gateway.worker === undefined ? openOperations() : undefined;
  // The doors stop together, before everything that they use.
  gateway.stops.push(async () => {
    await Promise.all([aws.stop(), kafka.stop()]);
  });
  const [{ port: kinesisPort }, kafkaPort, opsPort = 0] = await Promise.all([
    aws.start(),
    kafka.start(),
    operations?.start(),
  ]);
  streams.startBackground();
  queues.resumeQueues();
  return { kinesisPort, kafkaPort, opsPort };
}
