/** Several gateways in one process, on the catalog of one test and the cluster of the run. */
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { openAccountCatalog } from '../../adapters/dynamodb/account-catalog.ts';
import { Database } from '../../adapters/dynamodb/database.ts';
import { openStreamCatalog } from '../../adapters/dynamodb/stream-catalog.ts';
import { openSubscriptionClaims } from '../../adapters/dynamodb/subscription-claims.ts';
import { KafkaAdministration } from '../../adapters/kafka/administration.ts';
import { Cluster } from '../../adapters/kafka/cluster.ts';
import { KafkaRecordLog } from '../../adapters/kafka/record-log.ts';
import { actions } from '../../src/aws/kinesis/actions/index.ts';
import type { StreamMode } from '../../src/domain/streams/stream.ts';
import type { RecordLog } from '../../src/ports/record-log.ts';
import type { StreamCatalog } from '../../src/ports/stream-catalog.ts';
import { Reshardings } from '../../src/streams/resharding.ts';
import { type SubscriptionTimes, Subscriptions } from '../../src/streams/subscriptions.ts';
import type { KinesisLimits } from '../../src/aws/kinesis/limits/kinesis-limits.ts';
import { createStreamDirectory, type StreamDirectory } from '../../src/streams/directory.ts';
import { StreamWriter } from '../../src/streams/writer.ts';
import { call, startDoor } from '../aws/kinesis/door.ts';
import { sharedEngines } from './engines.ts';
import { openQueueParts, type QueueOptions, type QueueParts } from './queue-parts.ts';

const { kafkaBootstrap, dynamodbEndpoint } = await sharedEngines();

export type Body = Record<string, unknown>;

export type Door = {
  /** The answer; errors have their name in `__type`. */
  ask(action: string, body: Body): Promise<Body>;
};

/** The door of a gateway that runs as a process. */
export function doorAt(url: string): Door {
  const port = Number(new URL(url).port);
  return { ask: async (action, body) => (await call(port, action, body)).body as Body };
}

export type Gateway = Door &
  QueueParts & {
    readonly port: number;
    readonly streams: StreamDirectory;
    readonly catalog: StreamCatalog;
    readonly cluster: Cluster;
    readonly database: Database;
    readonly log: RecordLog;
    readonly reshardings: Reshardings;
    /** A stream that goes with the test. */
    create(name: string, shardCount: number, mode?: StreamMode): Promise<void>;
  };

export type GatewayParts = QueueOptions & {
  /** What the gateway sees of its catalog: a place to let one stop in the middle. */
  readonly catalogOf?: (catalog: StreamCatalog) => StreamCatalog;
  /** What puts of the gateway see of the log: a place to hold them. */
  readonly appendsOf?: (log: RecordLog) => RecordLog['append'];
  readonly limits?: KinesisLimits;
  readonly times?: Partial<SubscriptionTimes>;
  /** `host:port` of another cluster than that of the run. */
  readonly kafka?: string;
  /** URL of another way to DynamoDB. */
  readonly dynamodb?: string;
  /** How much later it is for this gateway: for what others have left a while ago. */
  readonly aheadMs?: number;
};

export async function openGateway(
  t: TestContext,
  table: string,
  { catalogOf = (catalog) => catalog, appendsOf, times = {}, ...more }: GatewayParts = {},
): Promise<Gateway> {
  const { kafka = kafkaBootstrap, dynamodb = dynamodbEndpoint, aheadMs = 0 } = more;
  const [host = '', port] = kafka.split(':');
  const bootstrap = [{ host, port: Number(port) }];
  const logger = pino({ level: 'silent' });
  const cluster = new Cluster({ bootstrap, clientId: 'test' });
  const administration = new KafkaAdministration(cluster, bootstrap, logger);
  const database = await Database.open({ endpoint: dynamodb, region: 'us-east-1' });
  const catalog = catalogOf(await openStreamCatalog(database, table));
  const clock = { nowMs: () => Date.now() + aheadMs };
  const streams = createStreamDirectory({
    ...{ catalog, administration, clock },
    onResharding: (stream) => reshardings.notice(stream),
    onGone: () => Promise.resolve(),
    onProblem: () => undefined,
  });
  const log: RecordLog = new KafkaRecordLog(cluster);
  const held: RecordLog = {
    append: appendsOf?.(log) ?? log.append.bind(log),
    read: log.read.bind(log),
    startOffset: log.startOffset.bind(log),
    endOffset: log.endOffset.bind(log),
    writtenOffset: log.writtenOffset.bind(log),
    offsetAt: log.offsetAt.bind(log),
  };
  const onProblem = (): void => {};
  const reshardings: Reshardings = new Reshardings({
    streams,
    administration,
    log,
    clock,
    onProblem,
  });
  const queueParts = openQueueParts({ database, table, cluster, clock, streams, log }, more);
  const door = await startDoor(t, actions, {
    ...{ streams, ...queueParts },
    ...(more.limits === undefined ? {} : { limits: more.limits }),
    accounts: openAccountCatalog(database, table),
    reshardings,
    log: held,
    clock,
    writer: new StreamWriter(streams, held),
    subscriptions: new Subscriptions(log, clock, openSubscriptionClaims(database, table), times),
  });
  const made: string[] = [];
  t.after(async () => {
    for (const name of made) await streams.delete(name).catch(() => {});
    await door.stop();
    await queueParts.queueLifecycle.stop();
    await reshardings.stop();
    await administration.stop();
    cluster.close();
    database.close();
  });
  return {
    port: door.port,
    ...{ streams, catalog, cluster, database },
    ...{ log, reshardings, ...queueParts },
    async create(name, shardCount, mode = 'PROVISIONED') {
      await streams.create({ name, shardCount, mode });
      made.push(name);
    },
    ask: async (action, body) => (await call(door.port, action, body)).body as Body,
  };
}
