/**
 * The real Kafka and DynamoDB Local that tests run against. `npm test` starts one of each for the
 * whole run and tells where by TEST_KAFKA_BOOTSTRAP and TEST_DYNAMODB_ENDPOINT; a test file that is
 * run alone gets its own, which end with its process.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';
import { prepareDynamodb, startDynamodb } from '../../adapters/engines/embedded-dynamodb.ts';
import { newClusterId, resolveKafka, startKafka } from '../../adapters/engines/embedded-kafka.ts';
import { freePort } from '../../adapters/engines/free-port.ts';

export type Engines = {
  /** `host:port` */
  readonly kafkaBootstrap: string;
  /** URL */
  readonly dynamodbEndpoint: string;
};

const stopGraceMs = 8_000;
const kafkaHeapMbDefault = 768;
const dynamodbHeapMb = 256;

let shared: Promise<Engines> | undefined;

/** The engines of this run; started on first use where the run has none. */
export function sharedEngines(): Promise<Engines> {
  shared ??= findOrStart();
  return shared;
}

async function findOrStart(): Promise<Engines> {
  const kafkaBootstrap = process.env['TEST_KAFKA_BOOTSTRAP'];
  const dynamodbEndpoint = process.env['TEST_DYNAMODB_ENDPOINT'];
  if (kafkaBootstrap !== undefined && dynamodbEndpoint !== undefined) {
    return { kafkaBootstrap, dynamodbEndpoint };
  }
  const started = await startTestEngines();
  after(() => started.stop());
  return started;
}

/** A DynamoDB Local that no gateway of another test file writes to; it ends with this process. */
export async function ownDynamodb(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-'));
  const [installPath, port] = await Promise.all([
    prepareDynamodb(defaultCacheFolder(process.env), () => undefined),
    freePort(),
  ]);
  const logFile = join(folder, 'dynamodb.log');
  const started = await startDynamodb({ installPath, port, logFile, heapMb: dynamodbHeapMb });
  after(async () => {
    await started.stop(stopGraceMs);
    await rm(folder, { recursive: true, force: true });
  });
  return `http://127.0.0.1:${port}`;
}

export async function startTestEngines({ kafkaHeapMb = kafkaHeapMbDefault } = {}): Promise<
  Engines & { stop(): Promise<void> }
> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-'));
  await mkdir(join(folder, 'kafka'));
  const cache = defaultCacheFolder(process.env);
  const progress = (sentence: string) => process.stderr.write(`${sentence}\n`);
  const [jars, installPath] = await Promise.all([
    resolveKafka(cache, progress),
    prepareDynamodb(cache, progress),
  ]);
  const host = '127.0.0.1';
  const [port, controllerPort, dynamodbPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
  ]);
  const node = { nodeId: 1, host, port, controllerPort };
  const [kafka, dynamodb] = await Promise.all([
    startKafka({
      jars,
      node,
      nodes: [node],
      clusterId: newClusterId(),
      folder: join(folder, 'kafka'),
      logFile: join(folder, 'kafka.log'),
      heapMb: kafkaHeapMb,
      // Tests make many small topics; files are cleared away with them at once.
      properties: { 'log.segment.delete.delay.ms': '0' },
    }),
    startDynamodb({
      installPath,
      port: dynamodbPort,
      logFile: join(folder, 'dynamodb.log'),
      heapMb: dynamodbHeapMb,
    }),
  ]);
  return {
    kafkaBootstrap: `${host}:${port}`,
    dynamodbEndpoint: `http://${host}:${dynamodbPort}`,
    async stop() {
      await Promise.all([kafka.stop(stopGraceMs), dynamodb.stop(stopGraceMs)]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
