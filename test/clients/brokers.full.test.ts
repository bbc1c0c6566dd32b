/** A broker joins, another leaves for good and comes back while clients of every kind continue. */
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients, kafkaTool } from '../support/install.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import {
  addressOf,
  partitions,
  replaceBroker,
  startLoads,
} from '../support/loads/broker-changes.ts';
import { createStream } from '../support/doors.ts';
import {
  kafkajsLoad,
  librdkafkaLoad,
  untilAllGoOn,
  verifiableProducer,
} from '../support/loads/loads.ts';

const timeout = 840_000;

await Promise.all([sharedEngines(), installClients()]);

test('a broker joins, another leaves for good and comes back', { timeout }, async (t) => {
  const cluster = await startKafkaCluster(t);
  const gateway = await startGateway(t, {
    settings: { KINESKA_KAFKA_BOOTSTRAP: cluster.bootstrap },
  });
  const stream = await createStream(gateway.kinesis, partitions);
  const leaving = cluster.brokers[1]!;
  const { nodeId } = leaving.node;
  // Nothing but the address of the broker that will leave.
  const kafka = await addressOf(gateway.kafka, nodeId);
  const { step, end } = await startLoads(t, kafka, gateway.kinesis, stream);

  const added = await cluster.add();
  await replaceBroker(gateway.kafka, nodeId, added.node.nodeId);
  await step('a broker joined, and took over all that another had');

  await leaving.stop();
  const unregister = ['unregister', '--bootstrap-server', gateway.kafka, '--id', String(nodeId)];
  await kafkaTool('org.apache.kafka.tools.ClusterTool', unregister);
  await step('that one left for good');
  const newcomers = [
    await kafkajsLoad([kafka], stream, partitions),
    await verifiableProducer(t, kafka, stream),
    await librdkafkaLoad(t, kafka, stream),
  ];
  t.diagnostic(`newcomers at its port began after: ${await untilAllGoOn(newcomers)}`);
  for (const each of newcomers) await each.stop();

  await leaving.again();
  await replaceBroker(gateway.kafka, added.node.nodeId, nodeId);
  await step('it came back, and took over from the one that had joined');
  await end();
});
