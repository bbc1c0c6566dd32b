/**
 * The composition root: makes every part of a gateway, connects them, and starts them in order;
 * what stops them is handed to the caller. With start.ts and read.ts the only importer of adapters.
 */
import type { Logger } from 'pino';
import { Database } from '../../adapters/dynamodb/database.ts';
import { openAccountCatalog } from '../../adapters/dynamodb/account-catalog.ts';
import { openLeaseTables } from '../../adapters/dynamodb/lease-store.ts';
import { openStreamCatalog } from '../../adapters/dynamodb/stream-catalog.ts';
import { openSubscriptionClaims } from '../../adapters/dynamodb/subscription-claims.ts';
import { KafkaAdministration } from '../../adapters/kafka/administration.ts';
import { ClusterBrokers } from '../../adapters/kafka/backing-brokers.ts';
import { Cluster } from '../../adapters/kafka/cluster.ts';
import { KafkaGroupCoordinator } from '../../adapters/kafka/group-coordinator.ts';
import { KafkaProducerLog } from '../../adapters/kafka/producer-log.ts';
import { KafkaRecordLog } from '../../adapters/kafka/record-log.ts';
import { type ClusterSecurity, openSecurity } from '../../adapters/kafka/security.ts';
import type { Config } from '../config/config.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { DeadLeases } from '../groups/dead-leases.ts';
import { GroupOffsets } from '../groups/group-offsets.ts';
import { GroupKeepers } from '../groups/group-keepers.ts';
import { GroupTables } from '../groups/group-tables.ts';
import { GroupReports } from '../groups/group-report.ts';
import type { ForwardBatch, ForwardedBatch } from '../kafka/produce/forwarded-batch.ts';
import { KafkaDoor } from '../kafka/server.ts';
import type { AwsServer } from '../aws/http/server.ts';
import { type KinesisLimits, ratesMax } from '../aws/kinesis/limits/kinesis-limits.ts';
import {
  createMetrics,
  createSharedMetrics,
  type Metrics,
  type SharedMetrics,
  shareMetrics,
} from '../operations/metrics.ts';
import { createOperationsServer, type Probe } from '../operations/server.ts';
import { awsDoorOf, faultsOf } from './aws-door.ts';
import {
  bootstrapOf,
  certificateOf,
  dynamodbEndpointOf,
  kafkaDoorOf,
  securityOf,
} from './part-settings.ts';
import type { Clock } from '../ports/clock.ts';
import type { BackingObserver } from '../ports/observer.ts';
import type { Endpoints } from '../cli/ready-block.ts';
import { KeyedRates } from '../streams/limits/keyed-rates.ts';
import { OnDemandScaling, type OnDemandScalingSettings } from '../streams/on-demand-scaling.ts';
import { Reshardings } from '../streams/resharding.ts';
import { ShardLimits } from '../streams/limits/shard-limits.ts';
import { SharedBudgets } from '../streams/limits/shared-budgets.ts';
import { createStreamDirectory, type StreamDirectory } from '../streams/directory.ts';
import { version } from '../version.ts';
import {
  callWorkers,
  isWorker,
  startWorkers,
  tellWorkers,
  whenTold,
  type WorkerTask,
} from './workers/pool.ts';

/** Read to see whether the catalog answers; whether there is such a stream does not matter. */
const probedName = 'readiness';

const systemClock: Clock = { nowMs: () => Date.now() };

/** 0 where another process has the port of operations. */
export type StartedPorts = Omit<Endpoints, 'dynamodbPort'>;

/** Stops of what was started, in the order of the starts. */
export type Stops = (() => Promise<void> | void)[];

/** The first process of several: starts the workers, and shows what they do. */
export async function startFirst(
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
  const { cluster, catalog, security } = backing;
  // Its workers go on with rounds of resharding.
  const streams = streamsOf(config, backing, logger, () => undefined);
  // What the first one makes, so that workers need not make it at once.
  await Promise.all([catalog.secret(), certificateOf(config, place)]);
  const brokers = await backingOf(config, cluster, security).list();
  const lowestBrokerId = Math.min(...brokers.map(({ nodeId }) => nodeId));
  const workers = await startWorkers(config.workers, { ...place, lowestBrokerId }, logger);
  stops.push(() => workers.stop());
  const reports = new GroupReports(groupPartsOf(config, backing, streams));
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
  const tables = await openLeaseTables(database);
  return { security, cluster, database, catalog, administration, tables };
}

type Backing = Awaited<ReturnType<typeof openBacking>>;

/** The directory of streams; leases of a stream that is gone go with it. */
function streamsOf(
  config: Config,
  { catalog, administration, tables }: Backing,
  logger: Logger,
  onResharding: (stream: Stream) => void,
): StreamDirectory {
  const { catalogTable, groupTables: groups } = config;
  const shared = { tables, catalog, catalogTable, groups };
  const onTable = (table: string, err: unknown) =>
    logger.warn({ table, err }, 'leases of a deleted stream');
  const deadLeases = new DeadLeases({ ...shared, onProblem: onTable });
  return createStreamDirectory({
    ...{ catalog, administration, clock: systemClock, onResharding },
    onGone: (stream) => deadLeases.remove(stream),
    onProblem: (stream, err) => logger.warn({ stream, err }, 'a stream that cannot be read'),
  });
}

export async function startGateway(
  config: Config,
  place: WorkerTask,
  logger: Logger,
  stops: Stops,
): Promise<StartedPorts> {
  const metrics = createMetrics(version);
  const clock = systemClock;
  const backing = await openBacking(config, place, metrics.backing, logger, stops);
  const { security, cluster, database, catalog, administration } = backing;
  const log = new KafkaRecordLog(cluster);
  const streams = streamsOf(config, backing, logger, (stream) => reshardings.notice(stream));
  const onProblem = (stream: string, err: unknown) => logger.warn({ stream, err }, 'resharding');
  const reshardings: Reshardings = new Reshardings({
    streams,
    administration,
    log,
    clock,
    onProblem,
  });
  stops.push(() => reshardings.stop());
  const limits = limitsOf(config, clock, metrics);
  if (isWorker) shareLimits(limits, stops);
  const scaling = scalingOf(limits, { streams, reshardings, clock }, logger, stops);
  const { groups, reports } = groupsOf(config, backing, streams, logger);
  stops.push(() => groups.stop());
  if (isWorker) shareMetrics(metrics);
  else metrics.groups((groupsMax) => reports.list(groupsMax));
  const [secret, certificate] = await Promise.all([
    catalog.secret(),
    certificateOf(config, place),
    cluster.refreshBrokers(),
  ]);
  const aws = awsDoorOf(config, {
    ...{ streams, reshardings, log, clock, logger, secret, limits, certificate },
    accounts: openAccountCatalog(database, config.catalogTable),
    claims: openSubscriptionClaims(database, config.catalogTable),
    observer: metrics.door('kinesis'),
  });
  const doorSettings = await kafkaDoorOf(config, certificate);
  const kafka: KafkaDoor = new KafkaDoor({
    ...doorSettings,
    forward: forwardOf(place, (batch) => kafka.placeForwarded(batch)),
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
    await Promise.all([aws.stop(), kafka.stop()]);
  });
  const ports = await startDoors({ aws, kafka, operations });
  // In the background, as it asks for every stream.
  reshardings.resume().catch((error: unknown) => onProblem('', error));
  scaling?.start();
  return ports;
}

async function startDoors({ aws, kafka, operations }: Doors): Promise<StartedPorts> {
  const [kinesisPort, kafkaPort, opsPort] = await Promise.all([
    aws.start().then(({ port }) => port),
    kafka.start(),
    operations === undefined ? 0 : operations.start(),
  ]);
  return { kinesisPort, kafkaPort, opsPort };
}

type Doors = {
  readonly aws: AwsServer;
  readonly kafka: KafkaDoor;
  readonly operations: ReturnType<typeof createOperationsServer> | undefined;
};

/** Rates where they are kept; faults also where they are not. */
function limitsOf(config: Config, clock: Clock, metrics: Metrics): KinesisLimits {
  const isLimited = config.limits === 'aws';
  return {
    shards: isLimited ? new ShardLimits(clock, { isShared: isWorker }) : undefined,
    calls: isLimited ? new KeyedRates(clock, ratesMax, { isShared: isWorker }) : undefined,
    faults: faultsOf(config),
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

/** Of several workers one places the batches of a producer, whichever it is connected to. */
function forwardOf(
  { slot, slots }: WorkerTask,
  place: (batch: ForwardedBatch) => Promise<number>,
): ForwardBatch | undefined {
  if (slot === undefined || slots === undefined) return undefined;
  const ask = callWorkers(slot, place);
  return (producerId) => {
    const owner = Number(producerId % BigInt(slots));
    return owner === slot ? undefined : (batch) => ask(owner, batch);
  };
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

function groupPartsOf(config: Config, { cluster, tables }: Backing, streams: StreamDirectory) {
  return {
    ...{ tables, streams, catalogTable: config.catalogTable, groups: config.groupTables },
    coordinator: new KafkaGroupCoordinator(cluster),
    log: new KafkaRecordLog(cluster),
    clock: systemClock,
  };
}

function groupsOf(
  config: Config,
  backing: Backing,
  streams: StreamDirectory,
  logger: Logger,
): { readonly groups: GroupOffsets; readonly reports: GroupReports } {
  const shared = groupPartsOf(config, backing, streams);
  const { tables, coordinator } = shared;
  const onProblem = (groupId: string, error: unknown) =>
    logger.warn({ groupId, error }, 'lease table of a group');
  const common = { tables, coordinator, failoverMs: config.leaseFailoverMs, onProblem };
  const groupTables = new GroupTables({ ...shared, account: config.accountId });
  const keepers = new GroupKeepers({ ...common, groups: groupTables });
  const groups = new GroupOffsets({ ...shared, ...common, groups: groupTables, keepers });
  // In the background: nobody waits for groups that are not in use.
  void groups.takeOver();
  return { groups, reports: new GroupReports(shared) };
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

/** Brokers that clients of the Kafka door reach as the gateway, or as themselves. */
function backingOf(config: Config, cluster: Cluster, { tls, login }: ClusterSecurity) {
  const isGateway = config.kafkaIdentity === 'gateway';
  return new ClusterBrokers(cluster, { tls, login: isGateway ? login : undefined });
}
