/** The Kafka door over the run's real Kafka, in the test's own process. */
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { ClusterBrokers } from '../../adapters/kafka/backing-brokers.ts';
import { Cluster } from '../../adapters/kafka/cluster.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Stream } from '../../src/domain/stream.ts';
import { KafkaDoor, type KafkaDoorSettings } from '../../src/kafka/server.ts';
import { createMetrics } from '../../src/metrics.ts';
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
  Pick<KafkaDoorSettings, 'frameBytesMax' | 'acks' | 'tls' | 'advertisedPort'>
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
  const door = new KafkaDoor({
    host: '127.0.0.1',
    port: 0,
    advertisedHost: '127.0.0.1',
    backing: new ClusterBrokers(cluster, {}),
    streams: {
      async find(name) {
        if (kinesisTopics.has(name)) return { name, rules: 'kinesis' } as Stream;
        throw new GatewayError('not-found', name);
      },
      forget: () => undefined,
    },
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
