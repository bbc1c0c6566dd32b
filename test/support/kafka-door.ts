/** The Kafka door over the run's real Kafka, in the test's own process. */
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { ClusterBrokers } from '../../adapters/kafka/backing-brokers.ts';
import { Cluster } from '../../adapters/kafka/cluster.ts';
import { KafkaProducerLog } from '../../adapters/kafka/producer-log.ts';
import { KafkaRecordLog } from '../../adapters/kafka/record-log.ts';
import { GatewayError } from '../../src/domain/errors.ts';
import type { Stream } from '../../src/domain/streams/stream.ts';
import { activated, newStream } from '../../src/domain/streams/stream-rules.ts';
import { KafkaDoor, type KafkaDoorSettings } from '../../src/kafka/server.ts';
import { createMetrics } from '../../src/operations/metrics.ts';
import { sharedEngines } from './engines.ts';

export type TestDoor = {
  readonly bootstrap: string;
  readonly direct: string;
  readonly port: number;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** Topics that the door takes for streams with Kinesis rules. */
  readonly kinesisTopics: Set<string>;
};

export type DoorOptions = Partial<
  Pick<
    KafkaDoorSettings,
    'frameBytesMax' | 'acks' | 'tls' | 'advertisedPort' | 'brokerIds' | 'streams'
  >
>;

export async function startKafkaDoor(t: TestContext, options: DoorOptions = {}): Promise<TestDoor> {
  const { kafkaBootstrap } = await sharedEngines();
  const [host = '', port = ''] = kafkaBootstrap.split(':');
  const cluster = new Cluster({
    bootstrap: [{ host, port: Number(port) }],
    clientId: 'kineska-test',
  });
  const metrics = createMetrics('test');
  const kinesisTopics = new Set<string>();
  const find = async (name: string) => {
    if (kinesisTopics.has(name)) return streamOf(name);
    throw new GatewayError('not-found', name);
  };
  const door = new KafkaDoor({
    host: '127.0.0.1',
    port: 0,
    advertisedHost: '127.0.0.1',
    backing: new ClusterBrokers(cluster, {}),
    streams: {
      find,
      findNow: find,
      peek: (name) => (kinesisTopics.has(name) ? streamOf(name) : undefined),
      known: () => undefined,
      isCurrent: () => true,
      forget: () => undefined,
      logDeleted: () => Promise.resolve(),
    },
    log: new KafkaRecordLog(cluster),
    producers: new KafkaProducerLog(cluster),
    observer: metrics.door('kafka'),
    logger: pino({ level: 'silent' }),
    ...options,
  });
  const bound = await door.start();
  t.after(async () => {
    await door.stop();
    cluster.close();
  });
  const bootstrap = `127.0.0.1:${bound}`;
  return { bootstrap, direct: kafkaBootstrap, port: bound, metrics, kinesisTopics };
}

/** As many shards as the tests' topics have partitions. */
function streamOf(name: string): Stream {
  const made = newStream({ name, shardCount: 2, mode: 'PROVISIONED' }, Date.now());
  return activated(made, 'log');
}
