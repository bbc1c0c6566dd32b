/**
 * `kineska start`: locks the data folder, starts the engines, then the gateway or its workers, and
 * stops them in reverse order.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { destination, type Logger, pino } from 'pino';
import { type DataFolder, takeDataFolder } from '../../adapters/engines/data-folder.ts';
import { type EmbeddedEngines, startEmbedded } from '../../adapters/engines/embedded-engines.ts';
import { checkPorts } from '../../adapters/engines/port-check.ts';
import { checkCertificates } from '../gateway/certificate.ts';
import { startGateway } from '../gateway/composition.ts';
import { startFirst } from '../gateway/first-process.ts';
import { faultsOf } from '../gateway/limits.ts';
import { type Stops, systemClock } from '../gateway/process.ts';
import { wantedPorts } from '../gateway/wanted-ports.ts';
import type { Config } from '../config/settings.ts';
import { GatewayError } from '../domain/errors.ts';
import { shareMetrics } from '../operations/metrics.ts';
import { readyBlock, readyMessage } from './ready-block.ts';
import { sweepYoungMemory } from '../runtime/memory/young-memory.ts';
import { version } from '../version.ts';
import { isWorker, runWorker, type WorkerTask } from '../gateway/workers/pool.ts';

/** The longest duration of a stop, including the engines; then whatever is left is killed. */
const stopMsMax = 9_500;

/**
 * How far the heap may grow before garbage collection, in percent. Little data lives long, and
 * requests leave much garbage: by default the heap would grow to three times the used size.
 */
const heapGrowingPercent = 30;

/**
 * Runs until SIGINT or SIGTERM. Errors: ConfigError and GatewayError, with a sentence that says
 * what to do.
 */
export async function start(config: Config): Promise<void> {
  // Conditions outside of the settings are checked before anything is started.
  faultsOf(config);
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  sweepYoungMemory();
  const stops: Stops = [];
  if (isWorker) return startAsWorker(config, stops);
  try {
    await checkCertificates(config);
    const folder = await takeDataFolder(config.dataDir, config.ephemeral);
    stops.push(() => folder.release());
    const logger = await openLog(config, folder);
    quietLibraries(logger);
    await checkPorts(wantedPorts(config));
    const engines = await startEmbedded({
      folder,
      cacheFolder: config.cacheDir,
      kafka:
        config.kafkaBootstrap.length === 0
          ? { port: config.embeddedKafkaPort, heapMb: config.kafkaHeapMb }
          : undefined,
      dynamodb:
        config.dynamodbEndpoint === ''
          ? { port: config.dynamodbPort, heapMb: config.dynamodbHeapMb }
          : undefined,
      progress: (sentence) => process.stdout.write(`${sentence}\n`),
    });
    stops.push(() => engines.stop());
    const { path, logs } = folder;
    const { kafkaPort, dynamodbPort } = engines;
    const place = { path, logs, kafkaPort, dynamodbPort };
    const gateway = { config, place, worker: undefined, logger, clock: systemClock, stops };
    const started = await (config.workers > 1 ? startFirst(gateway) : startGateway(gateway));
    const endpoints = { ...started, dynamodbPort };
    stopOnSignal(stops, logger, engines, config.stopWithParent);
    logger.info({ endpoints, version }, 'ready');
    process.stdout.write(readyBlock(config, endpoints, folder.path));
    if (config.stopWithParent) process.send?.(readyMessage(config, endpoints, folder.path));
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

/** A worker only serves clients; the first process has the parts that exist once. */
async function startAsWorker(config: Config, stops: Stops): Promise<void> {
  const begin = async ({ place, role: worker }: WorkerTask) => {
    const logger = await openLog(config, place);
    quietLibraries(logger);
    const endpoints = await startGateway({
      ...{ config, place, worker, logger, clock: systemClock, stops },
    });
    logger.info({ endpoints, version }, 'worker ready');
    return endpoints;
  };
  shareMetrics();
  runWorker(begin, () => stopAll(stops));
}

async function openLog(config: Config, folder: Pick<DataFolder, 'logs'>): Promise<Logger> {
  const file = config.logFile === '' ? join(folder.logs, 'gateway.log') : config.logFile;
  const to = destination({ dest: file === '-' ? 1 : file, mkdir: true, sync: false });
  // An early exit of the process would fail if the file is not open yet.
  await once(to, 'ready').catch((cause: Error) => {
    const message = `The log ${file} cannot be written (${cause.message}): set --log-file.`;
    throw new GatewayError('invalid-argument', message, { cause });
  });
  const { err } = pino.stdSerializers;
  const options = {
    level: config.logLevel,
    base: { pid: process.pid },
    serializers: { error: err },
  };
  return pino(options, to);
}

/** Warnings of libraries are for developers, not for the terminal. */
function quietLibraries(logger: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn({ warning: warning.message }, warning.name));
}

async function stopAll(stops: Stops): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) await stop();
}

/** The first signal stops gracefully; a second one, or too long a stop, exits at once. */
function stopOnSignal(
  stops: Stops,
  logger: Logger,
  engines: EmbeddedEngines,
  stopsWithParent: boolean,
): void {
  let stopping = false;
  const stop = (exitCode: number) => {
    // The guards of the engines end them when this process is gone.
    if (stopping) process.exit(exitCode === 0 ? 1 : exitCode);
    stopping = true;
    setTimeout(() => process.exit(1), stopMsMax).unref();
    stopAll(stops).then(
      () => process.exit(exitCode),
      (error: unknown) => {
        logger.error({ error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(0));
  if (stopsWithParent) process.once('disconnect', () => stop(0));
  engines.onEnded((sentence) => {
    logger.error({ sentence }, 'an engine ended');
    process.stderr.write(`kineska: ${sentence} Stopping.\n`);
    stop(1);
  });
}
