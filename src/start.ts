/**
 * The composition root: makes every part, connects them, starts them in order, and stops them in
 * the reverse order. Besides main.ts the only importer of adapters.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { destination, type Logger, pino } from 'pino';
import { Database } from '../adapters/dynamodb/database.ts';
import { openAccountCatalog } from '../adapters/dynamodb/account-catalog.ts';
import { openLeaseTables } from '../adapters/dynamodb/lease-tables.ts';
import { openStreamCatalog } from '../adapters/dynamodb/stream-catalog.ts';
import { openSubscriptionClaims } from '../adapters/dynamodb/subscription-claims.ts';
import { type DataFolder, takeDataFolder } from '../adapters/engines/data-folder.ts';
import { type EmbeddedEngines, startEmbedded } from '../adapters/engines/embedded-engines.ts';
import { checkPorts } from '../adapters/engines/port-check.ts';
import { KafkaAdministration } from '../adapters/kafka/administration.ts';
import { ClusterBrokers } from '../adapters/kafka/backing-brokers.ts';
import { Cluster } from '../adapters/kafka/cluster.ts';
import type { BrokerAddress } from '../adapters/kafka/connection.ts';
import { KafkaGroupCoordinator } from '../adapters/kafka/group-coordinator.ts';
import { KafkaProducerLog } from '../adapters/kafka/producer-log.ts';
import { KafkaRecordLog } from '../adapters/kafka/record-log.ts';
import { type ClusterSecurity, openSecurity } from '../adapters/kafka/security.ts';
import { brokerIdsOf, type Config } from './config.ts';
import { GatewayError } from './errors.ts';
import { DeadLeases } from './groups/dead-leases.ts';
import { GroupOffsets } from './groups/group-offsets.ts';
import { GroupReports } from './groups/group-report.ts';
import { KafkaDoor, type KafkaDoorTls } from './kafka/server.ts';
import { actions } from './kinesis/actions/index.ts';
import { admit, type KinesisLimits } from './kinesis/admission.ts';
import { type Certificate, selfSignedCertificate } from './kinesis/certificate.ts';
import { ratesMax } from './kinesis/control-rates.ts';
import { createDispatcher } from './kinesis/dispatcher.ts';
import { Faults } from './kinesis/faults.ts';
import { createKinesisServer, type KinesisServer } from './kinesis/server.ts';
import {
  createMetrics,
  createSharedMetrics,
  type Metrics,
  type SharedMetrics,
  shareMetrics,
} from './metrics.ts';
import { createOperationsServer, type Probe } from './operations.ts';
import type { Clock } from './ports/clock.ts';
import type { BackingObserver } from './ports/observer.ts';
import { type Endpoints, readyBlock } from './ready-block.ts';
import { KeyedRates } from './streams/keyed-rates.ts';
import { OnDemandScaling, type OnDemandScalingSettings } from './streams/on-demand-scaling.ts';
import { Reshardings } from './streams/resharding.ts';
import { ShardLimits } from './streams/shard-limits.ts';
import { SharedBudgets } from './streams/shared-budgets.ts';
import { createStreamDirectory, type StreamDirectory } from './streams/stream-directory.ts';
import { version } from './version.ts';
import { sweepYoungMemory } from './streams/young-memory.ts';
import {
  isWorker,
  runWorker,
  startWorkers,
  tellWorkers,
  whenTold,
  type WorkerTask,
} from './workers.ts';

/** The whole stop, engines included, takes no longer; then whatever is left is killed. */
const stopMsMax = 9_500;

/** Read to see whether the catalog answers; whether there is such a stream does not matter. */
const probedName = 'readiness';

const systemClock: Clock = { nowMs: () => Date.now() };

/** 0 where another process has the port of operations. */
type StartedPorts = Omit<Endpoints, 'dynamodbPort'>;

/** Stops of what was started, in the order of the starts. */
type Stops = (() => Promise<void> | void)[];

/**
 * How far the heap may grow before it is cleaned, in percent. What lives long is little, and what
 * a request leaves behind is much: by itself the heap would grow to three times of what is used.
 */
const heapGrowingPercent = 30;

/** Runs until SIGINT or SIGTERM. Errors: GatewayError with a sentence that says what to do. */
export async function start(config: Config): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  sweepYoungMemory();
  const stops: Stops = [];
  if (isWorker) return startAsWorker(config, stops);
  try {
    const folder = await takeDataFolder(config.dataDir, config.ephemeral);
    stops.push(() => folder.release());
    const logger = await openLog(config, folder);
    quietLibraries(logger);
    await checkPorts(wantedPorts(config));
    const engines = await startEmbedded({
      folder,
      cacheFolder: config.cacheDir,
      kafka:
        config.kafkaBootstrap === ''
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
    const startDoorsOf = config.workers > 1 ? startFirst : startGateway;
    const place = { path, logs, kafkaPort, dynamodbPort };
    const started = await startDoorsOf(config, place, logger, stops);
    const endpoints = { ...started, dynamodbPort };
    stopOnSignal(stops, logger, engines);
    logger.info({ endpoints, version }, 'ready');
    process.stdout.write(readyBlock(config, endpoints, folder.path));
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

/** A worker serves clients; what there is once only, the first process has. */
async function startAsWorker(config: Config, stops: Stops): Promise<void> {
  const begin = async (task: WorkerTask) => {
    const logger = await openLog(config, task);
    quietLibraries(logger);
    const endpoints = await startGateway(config, task, logger, stops);
    logger.info({ endpoints, version }, 'worker ready');
    return endpoints;
  };
  shareMetrics();
  runWorker(begin, () => stopAll(stops));
}

/** The first process of several: starts the workers, and shows what they do. */
async function startFirst(
  config: Config,
  place: WorkerTask,
  logger: Logger,
  stops: Stops,
): Promise<StartedPorts> {
  if (config.kinesisPort === 0 || config.kafkaPort === 0) {
    const message = '--workers wants ports that are set: --kinesis-port and --kafka-port.';
    throw new GatewayError('invalid-argument', message);
  }
  const backing = await openBacking(config, place, undefined, logger, stops);
  const { cluster, catalog, database, security, streams } = backing;
  // What the first one makes, so that workers need not make it at once.
  await Promise.all([catalog.secret(), certificateOf(config, place)]);
  const brokers = await backingOf(config, cluster, security).list();
  const lowestBrokerId = Math.min(...brokers.map(({ nodeId }) => nodeId));
  const workers = await startWorkers(config.workers, { ...place, lowestBrokerId }, logger);
  stops.push(() => workers.stop());
  const parts = await groupPartsOf(config, cluster, database, streams, logger);
  const reports = new GroupReports({ ...parts, clock: systemClock });
  const metrics = createSharedMetrics(workers);
  metrics.groups((groupsMax) => reports.list(groupsMax));
  const probe = {
    name: 'workers',
    async check() {
      if (workers.readyCount() === 0) throw new GatewayError('unavailable', 'no worker is ready');
    },
  };
  const operations = operationsOf(config, metrics, cluster, catalog, reports, [probe]);
  stops.push(() => operations.stop());
  return { ...workers.endpoints, opsPort: await operations.start() };
}

/** What gateways are in front of. */
async function openBacking(
  config: Config,
  place: WorkerTask,
  observer: BackingObserver | undefined,
  logger: Logger,
  stops: Stops,
) {
  const bootstrap = bootstrapOf(config, place);
  const security = await openSecurity(securityOf(config));
  const observed = observer === undefined ? {} : { observer };
  const cluster = new Cluster({ bootstrap, clientId: 'kineska', ...security, ...observed });
  stops.push(() => cluster.close());
  const database = await Database.open({
    endpoint: dynamodbEndpointOf(config, place),
    region: config.region,
    ...observed,
  });
  stops.push(() => database.close());
  const catalog = await openStreamCatalog(database, config.catalogTable);
  const administration = new KafkaAdministration(cluster, bootstrap, logger, security);
  stops.push(() => administration.stop());
  const streams = createStreamDirectory({ catalog, administration, clock: systemClock });
  return { security, cluster, database, catalog, administration, streams };
}

async function startGateway(
  config: Config,
  place: WorkerTask,
  logger: Logger,
  stops: Stops,
): Promise<StartedPorts> {
  const metrics = createMetrics(version);
  const clock = systemClock;
  const backing = await openBacking(config, place, metrics.backing, logger, stops);
  const { security, cluster, database, catalog, administration, streams } = backing;
  const log = new KafkaRecordLog(cluster);
  const onProblem = (stream: string, err: unknown) => logger.warn({ stream, err }, 'resharding');
  const reshardings = new Reshardings({ streams, administration, log, clock, onProblem });
  stops.push(() => reshardings.stop());
  const limits = limitsOf(config, clock, metrics);
  if (isWorker) shareLimits(limits, stops);
  const scaling = scalingOf(limits, { streams, reshardings, clock }, logger, stops);
  const { groups, reports } = await groupsOf(config, cluster, database, streams, logger);
  stops.push(() => groups.stop());
  if (isWorker) shareMetrics(metrics);
  else metrics.groups((groupsMax) => reports.list(groupsMax));
  const [secret, certificate] = await Promise.all([
    catalog.secret(),
    certificateOf(config, place),
    cluster.refreshBrokers(),
  ]);
  const kinesis = createKinesisServer({
    dispatch: createDispatcher({
      ...{ streams, reshardings, log, clock, logger, secret, actions, admit, limits },
      accounts: openAccountCatalog(database, config.catalogTable),
      account: config.accountId,
      claims: openSubscriptionClaims(database, config.catalogTable),
      region: config.region,
    }),
    host: config.host,
    port: config.kinesisPort,
    certificate,
    observer: metrics.door('kinesis'),
  });
  const kafka = new KafkaDoor({
    ...(await kafkaDoorOf(config, certificate)),
    lowestBrokerId: place.lowestBrokerId,
    backing: backingOf(config, cluster, security),
    ...{ streams, groups, logger, log, limits },
    producers: new KafkaProducerLog(cluster),
    observer: metrics.door('kafka'),
  });
  const operations = isWorker
    ? undefined
    : operationsOf(config, metrics, cluster, catalog, reports);
  stops.push(() => operations?.stop());
  // The doors stop together, before everything that they use.
  stops.push(async () => {
    await Promise.all([kinesis.stop(), kafka.stop()]);
  });
  const ports = await startDoors({ kinesis, kafka, operations });
  // In the background, as it asks for every stream.
  reshardings.resume().catch((error: unknown) => onProblem('', error));
  scaling?.start();
  return ports;
}

async function startDoors({ kinesis, kafka, operations }: Doors): Promise<StartedPorts> {
  const [kinesisPort, kafkaPort, opsPort] = await Promise.all([
    kinesis.start().then(({ port }) => port),
    kafka.start(),
    operations === undefined ? 0 : operations.start(),
  ]);
  return { kinesisPort, kafkaPort, opsPort };
}

type Doors = {
  readonly kinesis: KinesisServer;
  readonly kafka: KafkaDoor;
  readonly operations: ReturnType<typeof createOperationsServer> | undefined;
};

/** Rates where they are kept; faults also where they are not. */
function limitsOf(config: Config, clock: Clock, metrics: Metrics): KinesisLimits {
  const isLimited = config.limits === 'aws';
  return {
    shards: isLimited ? new ShardLimits(clock, { isShared: isWorker }) : undefined,
    calls: isLimited ? new KeyedRates(clock, ratesMax, { isShared: isWorker }) : undefined,
    faults: new Faults(config.faults),
    observer: metrics.limits,
  };
}

/** Workers have one budget for each shard, and one rate for each action. */
function shareLimits({ shards, calls }: KinesisLimits, stops: Stops): void {
  if (shards === undefined || calls === undefined) return;
  const budgets = new SharedBudgets({ shards, calls, tell: tellWorkers });
  whenTold((uses) => budgets.take(uses));
  budgets.start();
  stops.push(() => budgets.stop());
}

/** What streams are used for is known where their rates are kept. */
function scalingOf(
  { shards }: KinesisLimits,
  parts: Pick<OnDemandScalingSettings, 'streams' | 'reshardings' | 'clock'>,
  logger: Logger,
  stops: Stops,
): OnDemandScaling | undefined {
  if (shards === undefined) return undefined;
  const onProblem = (stream: string, err: unknown) => logger.warn({ stream, err }, 'on-demand');
  const scaling = new OnDemandScaling({ ...parts, limits: shards, onProblem });
  stops.push(() => scaling.stop());
  return scaling;
}

async function groupPartsOf(
  config: Config,
  cluster: Cluster,
  database: Database,
  streams: StreamDirectory,
  logger: Logger,
) {
  const tables = await openLeaseTables(database);
  const shared = { tables, streams, catalogTable: config.catalogTable, groups: config.groupTables };
  const onProblem = (table: string, err: unknown) =>
    logger.warn({ table, err }, 'leases of a deleted stream');
  const deadLeases = new DeadLeases({ ...shared, onProblem });
  streams.whenGone((stream) => deadLeases.remove(stream));
  return {
    ...shared,
    coordinator: new KafkaGroupCoordinator(cluster),
    log: new KafkaRecordLog(cluster),
  };
}

async function groupsOf(
  config: Config,
  cluster: Cluster,
  database: Database,
  streams: StreamDirectory,
  logger: Logger,
): Promise<{ readonly groups: GroupOffsets; readonly reports: GroupReports }> {
  const shared = await groupPartsOf(config, cluster, database, streams, logger);
  const groups = new GroupOffsets({
    ...shared,
    account: config.accountId,
    failoverMs: config.leaseFailoverMs,
    onProblem: (groupId, error) => logger.warn({ groupId, error }, 'lease table of a group'),
  });
  // In the background: nobody waits for groups that are not in use.
  void groups.takeOver();
  return { groups, reports: new GroupReports({ ...shared, clock: systemClock }) };
}

function operationsOf(
  config: Config,
  metrics: Pick<SharedMetrics, 'registry'>,
  cluster: Cluster,
  catalog: Awaited<ReturnType<typeof openStreamCatalog>>,
  groups: GroupReports,
  probes: readonly Probe[] = [],
) {
  return createOperationsServer({
    host: config.host,
    port: config.opsPort,
    registry: metrics.registry,
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
}

async function openLog(config: Config, folder: Pick<DataFolder, 'logs'>): Promise<Logger> {
  const file = config.logFile === '' ? join(folder.logs, 'gateway.log') : config.logFile;
  const to = destination({ dest: file === '-' ? 1 : file, mkdir: true, sync: false });
  // Until it is open, an early end of the process would trip over it.
  await once(to, 'ready').catch((cause: Error) => {
    const message = `The log ${file} cannot be written (${cause.message}): set --log-file.`;
    throw new GatewayError('invalid-argument', message, { cause });
  });
  return pino({ level: config.logLevel, base: { pid: process.pid } }, to);
}

/** Warnings of libraries are for us, not for the terminal. */
function quietLibraries(logger: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn({ warning: warning.message }, warning.name));
}

function wantedPorts(config: Config) {
  const { host } = config;
  const doors = [
    { port: config.kinesisPort, host, what: 'the Kinesis API', flag: 'kinesis-port' },
    { port: config.kafkaPort, host, what: 'the Kafka protocol', flag: 'kafka-port' },
    { port: config.opsPort, host, what: 'operations', flag: 'ops-port' },
  ];
  const local = '127.0.0.1';
  const dynamodb = {
    port: config.dynamodbPort,
    host: local,
    what: 'DynamoDB Local',
    flag: 'dynamodb-port',
  };
  const kafka = {
    port: config.embeddedKafkaPort,
    host: local,
    what: 'the embedded Kafka',
    flag: 'embedded-kafka-port',
  };
  return [
    ...doors,
    ...(config.dynamodbEndpoint === '' ? [dynamodb] : []),
    ...(config.kafkaBootstrap === '' ? [kafka] : []),
  ];
}

function bootstrapOf(config: Config, engines: WorkerTask): readonly BrokerAddress[] {
  if (config.kafkaBootstrap === '') return [{ host: '127.0.0.1', port: engines.kafkaPort! }];
  return config.kafkaBootstrap.split(',').map((each) => {
    const colon = each.lastIndexOf(':');
    return { host: each.slice(0, colon), port: Number(each.slice(colon + 1)) };
  });
}

function dynamodbEndpointOf(config: Config, engines: WorkerTask): string | undefined {
  if (config.dynamodbEndpoint === '') return `http://127.0.0.1:${engines.dynamodbPort!}`;
  return config.dynamodbEndpoint === 'aws' ? undefined : config.dynamodbEndpoint;
}

function securityOf(config: Config) {
  return {
    protocol: config.kafkaSecurityProtocol,
    mechanism: config.kafkaSaslMechanism,
    username: config.kafkaSaslUsername,
    password: config.kafkaSaslPassword,
    tokenFile: config.kafkaSaslOauthTokenFile,
    tokenEndpoint: config.kafkaSaslOauthTokenEndpoint,
    tokenScope: config.kafkaSaslOauthScope,
    caFile: config.kafkaSslCaFile,
    certFile: config.kafkaSslCertFile,
    keyFile: config.kafkaSslKeyFile,
    checkHost: !config.kafkaSslAnyHost,
  };
}

/** What the settings say of the Kafka door. */
async function kafkaDoorOf(config: Config, ofKinesis: Certificate) {
  return {
    host: config.host,
    port: config.kafkaPort,
    advertisedHost: config.advertisedHost,
    advertisedPort: config.kafkaAdvertisedPort,
    brokerIds: brokerIdsOf(config.kafkaBrokerIds),
    tls: await kafkaTlsOf(config, ofKinesis),
    acks: config.kafkaAcks,
  };
}

/** Brokers that clients of the Kafka door reach as the gateway, or as themselves. */
function backingOf(config: Config, cluster: Cluster, { tls, login }: ClusterSecurity) {
  const isGateway = config.kafkaIdentity === 'gateway';
  return new ClusterBrokers(cluster, { tls, login: isGateway ? login : undefined });
}

async function kafkaTlsOf(
  config: Config,
  ofKinesis: Certificate,
): Promise<KafkaDoorTls | undefined> {
  if (!config.kafkaTls) return undefined;
  const brokerHost = config.kafkaTlsBrokerHost === '' ? undefined : config.kafkaTlsBrokerHost;
  if (config.kafkaTlsCert === '') return ofKinesis;
  const files = { cert: config.kafkaTlsCert, key: config.kafkaTlsKey };
  return { ...(await readCertificate(files, '--kafka-tls-cert or --kafka-tls-key')), brokerHost };
}

async function certificateOf(config: Config, folder: WorkerTask): Promise<Certificate> {
  if (config.tlsCert === '') {
    return selfSignedCertificate(join(folder.path, 'tls'), config.advertisedHost, Date.now());
  }
  return readCertificate({ cert: config.tlsCert, key: config.tlsKey }, '--tls-cert or --tls-key');
}

async function readCertificate(files: Certificate, flags: string): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([
      readFile(files.cert, 'utf8'),
      readFile(files.key, 'utf8'),
    ]);
    return { cert, key };
  } catch (cause) {
    const message = `${flags} cannot be read: ${(cause as Error).message}`;
    throw new GatewayError('invalid-argument', message, { cause });
  }
}

async function stopAll(stops: Stops): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) await stop();
}

/** The first signal stops in order; a second one, or too long a stop, ends at once. */
function stopOnSignal(stops: Stops, logger: Logger, engines: EmbeddedEngines): void {
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
  engines.onEnded((sentence) => {
    logger.error({ sentence }, 'an engine ended');
    process.stderr.write(`kineska: ${sentence} Stopping.\n`);
    stop(1);
  });
}
