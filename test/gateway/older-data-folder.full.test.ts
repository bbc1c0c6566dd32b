/**
 * A data folder whose embedded Kafka was an older one. Kafka keeps the metadata version that the
 * folder was formatted with until somebody raises it, and recommends that this be done once all
 * works with the new version. Source: KIP-584, KIP-778; "Upgrading" in the Kafka documentation.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { newClusterId, startKafka } from '../../adapters/engines/embedded-kafka.ts';
import { freePort } from '../../adapters/engines/free-port.ts';
import {
  apiVersionsRequest,
  apiVersionsResponse,
} from '../../src/wire/messages/18-api-versions.ts';
import { readShards } from '../support/checks/lineage.ts';
import { createStream } from '../support/doors.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { doorAt } from '../support/gateways.ts';
import { kafkaTool } from '../support/install.ts';
import { connectTo } from '../support/kafka-connection.ts';
import { resolveKafkaVersion } from '../support/kafka-versions.ts';
import { consumeByKafkajs, produceByKafkajs } from '../support/programs/kafkajs.ts';

const olderVersion = '4.3.1';
const release = '4.4';
const count = 300;
const timeout = 300_000;
const versionsApi = { request: apiVersionsRequest, response: apiVersionsResponse };

test('a data folder of Kafka 4.3 is served as it is', { timeout }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-older-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { stream, features } = await fillByOlder(t, folder);
  const gateway = await startGateway(t, {
    embedded: true,
    settings: { KINESKA_DATA_DIR: folder },
  });
  const now = await featuresOf(t, gateway.kafka);
  assert.deepEqual(now.finalized, features);
  assert.ok(now.supported['metadata.version']! > features['metadata.version']!);
  assert.equal((await readShards(doorAt(gateway.kinesis), stream)).length, count);
  await goesOn(gateway, stream, 2);

  const tool = 'org.apache.kafka.tools.FeatureCommand';
  const upgrade = ['upgrade', '--release-version', release];
  await kafkaTool(tool, ['--bootstrap-server', gateway.kafka, ...upgrade]);
  const raised = await featuresOf(t, gateway.kafka);
  assert.ok(raised.finalized['metadata.version']! > features['metadata.version']!);
  await goesOn(gateway, stream, 3);
  await gateway.stop();
  const again = await gateway.again();
  assert.deepEqual((await featuresOf(t, again.kafka)).finalized, raised.finalized);
  await goesOn(again, stream, 4);
});

/** Records and a group's offsets, as a gateway with the older engine leaves them. */
async function fillByOlder(t: TestContext, folder: string) {
  const [port, controllerPort] = await Promise.all([freePort(), freePort()]);
  const node = { nodeId: 1, host: '127.0.0.1', port, controllerPort };
  const kafka = await startKafka({
    jars: await resolveKafkaVersion(olderVersion),
    node,
    nodes: [node],
    clusterId: newClusterId(),
    folder: join(folder, 'kafka'),
    logFile: join(folder, 'kafka-older.log'),
    heapMb: 512,
  });
  t.after(() => kafka.stop(0));
  const gateway = await startGateway(t, {
    embedded: true,
    settings: { KINESKA_DATA_DIR: folder, KINESKA_KAFKA_BOOTSTRAP: `127.0.0.1:${port}` },
  });
  const stream = await createStream(gateway.kinesis, 2);
  await goesOn(gateway, stream, 1);
  const { finalized } = await featuresOf(t, gateway.kafka);
  await gateway.stop();
  await kafka.stop(10_000);
  return { stream, features: finalized };
}

/** A group reads what is put now, from where it was. */
async function goesOn({ kafka, kinesis }: Gateway, stream: string, round: number): Promise<void> {
  await produceByKafkajs(kafka, stream, count);
  assert.equal((await consumeByKafkajs(kafka, stream, count)).length, count);
  assert.equal((await readShards(doorAt(kinesis), stream)).length, round * count);
}

async function featuresOf(t: TestContext, bootstrap: string) {
  const connection = await connectTo(t, bootstrap);
  const client = { clientSoftwareName: 'a-client', clientSoftwareVersion: '1' };
  const { supportedFeatures, finalizedFeatures } = await connection.request(versionsApi, client);
  return {
    supported: levels(supportedFeatures.map(({ name, maxVersion }) => [name, maxVersion])),
    finalized: levels(
      finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]),
    ),
  };
}

function levels(entries: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(entries);
}
