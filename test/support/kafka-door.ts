/** The Kafka door over the run's real engines, in the test's own process. */
import { tmpdir } from 'node:os';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { allowEverything } from '../../src/access/authorizer.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { openBacking } from '../../src/gateway/backing.ts';
import { groupsOf } from '../../src/gateway/groups.ts';
import { type GatewayProcess, type Stops, systemClock } from '../../src/gateway/process.ts';
import { directoryOf } from '../../src/gateway/streams.ts';
import { TransactionOffsets } from '../../src/groups/transaction-offsets.ts';
import type { BackingBrokers, BrokerLogin } from '../../src/kafka/brokers/backing-brokers.ts';
import { ProduceGate } from '../../src/kafka/produce/gate.ts';
import { endingLimits } from '../../src/kafka/relay/connection-end.ts';
import { TopicNames } from '../../src/kafka/rules/topic-names.ts';
import { frameBytesMax, KafkaDoor, type KafkaDoorSettings } from '../../src/kafka/server.ts';
import { createMetrics } from '../../src/operations/metrics.ts';
import type { StreamDirectory } from '../../src/streams/directory.ts';
import { StreamWriter } from '../../src/streams/writer.ts';
import { newName } from './doors.ts';
import { sharedEngines } from './engines.ts';

export type TestDoor = {
  readonly bootstrap: string;
  readonly direct: string;
  readonly port: number;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly streams: StreamDirectory;
  /** Answers the name of a new stream with Kinesis rules. */
  createStream(shardCount?: number): Promise<string>;
};

export type DoorOptions = Partial<
  Pick<
    KafkaDoorSettings,
    'authorizer' | 'ending' | 'frameBytesMax' | 'acks' | 'tls' | 'advertisedPort' | 'brokerIds'
  >
> & {
  /** The catalog, if it is not a new one, and the URL of another way to DynamoDB. */
  readonly directory?: { readonly table?: string; readonly dynamodb?: string };
  /** `host:port` of another cluster than that of the run. */
  readonly kafka?: string;
  /** Port by which clients' connections reach the one broker: see wayTo. */
  readonly brokerPort?: number;
  /** By which the gateway logs in there. */
  readonly login?: BrokerLogin;
  /** Sees the bytes that go to the broker, connection by connection. */
  readonly onSent?: (connection: Socket, bytes: Buffer) => void;
};

export async function startKafkaDoor(t: TestContext, given: DoorOptions = {}): Promise<TestDoor> {
  const { directory, kafka, brokerPort, login, onSent, ...options } = given;
  const { kafkaBootstrap, dynamodbEndpoint } = await sharedEngines();
  const direct = kafka ?? kafkaBootstrap;
  const metrics = createMetrics('test');
  const gateway = processWith([
    ...['--kafka-bootstrap', direct],
    ...['--dynamodb-endpoint', directory?.dynamodb ?? dynamodbEndpoint],
    ...['--catalog-table', directory?.table ?? `catalog-${newName()}`, '--group-tables', ''],
  ]);
  t.after(async () => {
    for (const stop of gateway.stops.toReversed()) await stop();
  });
  const backing = await openBacking(gateway, metrics.backing);
  const streams = directoryOf(gateway, backing, () => undefined);
  const door = new KafkaDoor({
    ...{ host: '127.0.0.1', port: 0, advertisedHost: '127.0.0.1', advertisedPort: 0 },
    ...{ brokerIds: [], lowestBrokerId: undefined, tls: undefined, frameBytesMax },
    ...{ acks: 'all', authorizer: allowEverything, ending: endingLimits },
    ...partsOver(backing, streams),
    backing: watched(
      brokerPort === undefined ? backing.brokers : byPort(backing.brokers, brokerPort, login),
      onSent,
    ),
    groups: groupsOf(gateway, backing, streams),
    observer: metrics.door('kafka'),
    logger: gateway.logger,
    ...options,
  });
  gateway.stops.push(() => door.stop());
  const port = await door.start();
  return {
    ...{ bootstrap: `127.0.0.1:${port}`, direct, port, metrics, streams },
    async createStream(shardCount = 1) {
      const name = newName();
      await streams.create({ name, shardCount, mode: 'PROVISIONED' });
      return name;
    },
  };
}

function processWith(flags: readonly string[]): GatewayProcess {
  const folders = { path: tmpdir(), logs: tmpdir() };
  const stops: Stops = [];
  return {
    config: readConfig(flags, {}),
    place: { ...folders, kafkaPort: undefined, dynamodbPort: undefined },
    ...{ worker: undefined, logger: pino({ level: 'silent' }), clock: systemClock, stops },
  };
}

function partsOver(
  { log, producers }: Awaited<ReturnType<typeof openBacking>>,
  streams: StreamDirectory,
) {
  const topicNames = new TopicNames();
  const writer = new StreamWriter(streams, log);
  const forward = undefined;
  return {
    produce: new ProduceGate({ streams, writer, producers, log, topicNames, forward }),
    transactions: new TransactionOffsets(),
    ...{ streams, topicNames, throttling: undefined },
  };
}

/** The one broker, by another port than its own. */
function byPort(
  brokers: BackingBrokers,
  port: number,
  login: BrokerLogin | undefined,
): BackingBrokers {
  return {
    login,
    list: () => brokers.list(),
    dial: (broker, ...rest) => brokers.dial({ ...broker, port }, ...rest),
  };
}

/** The brokers, with a look at what is written to them. */
function watched(brokers: BackingBrokers, onSent: DoorOptions['onSent']): BackingBrokers {
  if (onSent === undefined) return brokers;
  return {
    login: brokers.login,
    list: () => brokers.list(),
    dial(...how) {
      const socket = brokers.dial(...how);
      const write = socket.write.bind(socket);
      socket.write = (bytes: Buffer) => {
        onSent(socket, bytes);
        return write(bytes);
      };
      return socket;
    },
  };
}
