/** The embedded default: a single-node Kafka and a DynamoDB Local, started in parallel. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../../src/domain/errors.ts';
import type { DataFolder } from './data-folder.ts';
import { prepareDynamodb, startDynamodb } from './embedded-dynamodb.ts';
import { newClusterId, resolveKafka, startKafka } from './embedded-kafka.ts';
import type { EngineProcess } from './engine-process.ts';
import { checkJava } from './java.ts';
import { freePort } from './free-port.ts';

export type EmbeddedSettings = {
  readonly folder: DataFolder;
  readonly cacheFolder: string;
  /** Absent if an existing one is used. */
  readonly kafka?: { readonly port: number; readonly heapMb: number } | undefined;
  readonly dynamodb?: { readonly port: number; readonly heapMb: number } | undefined;
  readonly progress: (sentence: string) => void;
};

export type EmbeddedEngines = {
  /** The started engines, with their ports. */
  readonly kafkaPort: number | undefined;
  readonly dynamodbPort: number | undefined;
  /** Called when an engine ends unexpectedly. */
  onEnded(listener: (sentence: string) => void): void;
  /** Kafka is stopped first, since its clients are gone by then. */
  stop(): Promise<void>;
};

const kafkaGraceMs = 6_000;
const dynamodbGraceMs = 2_000;

/** Errors: `unavailable` with a sentence that says what to do; then nothing is left running. */
export async function startEmbedded(settings: EmbeddedSettings): Promise<EmbeddedEngines> {
  const { kafka, dynamodb } = settings;
  if (kafka === undefined && dynamodb === undefined) return noEngines;
  await checkJava();
  const kafkaPort = kafka === undefined ? undefined : await portOr(kafka.port);
  const dynamodbPort = dynamodb === undefined ? undefined : await portOr(dynamodb.port);
  const [kafkaStart, dynamodbStart] = await Promise.allSettled([
    kafkaPort === undefined ? undefined : beginKafka(settings, kafkaPort, kafka!.heapMb),
    dynamodbPort === undefined
      ? undefined
      : beginDynamodb(settings, dynamodbPort, dynamodb!.heapMb),
  ]);
  const started = [kafkaStart, dynamodbStart].map((each) =>
    each.status === 'fulfilled' ? each.value : undefined,
  );
  const failed = [kafkaStart, dynamodbStart].find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await stopAll(started);
    throw failed.reason;
  }
  return enginesOf(started, kafkaPort, dynamodbPort);
}

const noEngines: EmbeddedEngines = {
  ...{ kafkaPort: undefined, dynamodbPort: undefined },
  onEnded: () => undefined,
  stop: async () => undefined,
};

function portOr(port: number): number | Promise<number> {
  return port === 0 ? freePort() : port;
}

async function beginKafka(
  { folder, cacheFolder, progress }: EmbeddedSettings,
  port: number,
  heapMb: number,
): Promise<EngineProcess> {
  const jars = await resolveKafka(cacheFolder, progress);
  const node = { nodeId: 1, host: '127.0.0.1', port, controllerPort: await freePort() };
  const kafkaFolder = join(folder.path, 'kafka');
  const engine = await startKafka({
    jars,
    node,
    nodes: [node],
    clusterId: clusterIdOf(kafkaFolder),
    folder: kafkaFolder,
    logFile: join(folder.logs, 'kafka.log'),
    heapMb,
  });
  folder.noteEngine(engine.pid);
  return engine;
}

/** A formatted folder keeps its id. */
function clusterIdOf(kafkaFolder: string): string {
  const file = join(kafkaFolder, 'data', 'meta.properties');
  if (!existsSync(file)) return newClusterId();
  const id = /^cluster\.id=(.+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
  if (id === undefined) throw new GatewayError('unavailable', `${file} names no cluster.id`);
  return id.trim();
}

async function beginDynamodb(
  { folder, cacheFolder, progress }: EmbeddedSettings,
  port: number,
  heapMb: number,
): Promise<EngineProcess> {
  const installPath = await prepareDynamodb(cacheFolder, progress);
  const engine = await startDynamodb({
    installPath,
    port,
    folder: join(folder.path, 'dynamodb'),
    logFile: join(folder.logs, 'dynamodb.log'),
    heapMb,
  });
  folder.noteEngine(engine.pid);
  return engine;
}

function enginesOf(
  started: readonly (EngineProcess | undefined)[],
  kafkaPort: number | undefined,
  dynamodbPort: number | undefined,
): EmbeddedEngines {
  let stopping = false;
  return {
    ...{ kafkaPort, dynamodbPort },
    onEnded(listener) {
      for (const engine of started) {
        void engine?.ended.then((how) => {
          if (!stopping) listener(`${how}; see ${engine.logFile}.`);
        });
      }
    },
    stop() {
      stopping = true;
      return stopAll(started);
    },
  };
}

async function stopAll([kafka, dynamodb]: readonly (EngineProcess | undefined)[]): Promise<void> {
  await kafka?.stop(kafkaGraceMs);
  await dynamodb?.stop(dynamodbGraceMs);
}
