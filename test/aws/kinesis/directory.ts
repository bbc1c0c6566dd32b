/** The real directory of streams, on the engines of the test run. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { Database } from '../../../adapters/dynamodb/database.ts';
import { openAccountCatalog } from '../../../adapters/dynamodb/account-catalog.ts';
import { openQueueCatalog } from '../../../adapters/dynamodb/queue-catalog.ts';
import { openStreamCatalog } from '../../../adapters/dynamodb/stream-catalog.ts';
import { openSubscriptionClaims } from '../../../adapters/dynamodb/subscription-claims.ts';
import { KafkaAdministration } from '../../../adapters/kafka/administration.ts';
import { Cluster } from '../../../adapters/kafka/cluster.ts';
import type { Stream } from '../../../src/domain/streams/stream.ts';
import type { AccountCatalog } from '../../../src/ports/account-catalog.ts';
import type { StreamCatalog } from '../../../src/ports/stream-catalog.ts';
import type { SubscriptionClaims } from '../../../src/ports/subscription-claims.ts';
import { createQueueDirectory, type QueueDirectory } from '../../../src/queues/directory.ts';
import { createStreamDirectory, type StreamDirectory } from '../../../src/streams/directory.ts';
import { sharedEngines } from '../../support/engines.ts';

// Asked for outside of every test: engines that a test starts would end with that test.
const { kafkaBootstrap, dynamodbEndpoint } = await sharedEngines();

/** A directory with a catalog of its own, as long as the test runs. */
export async function openDirectory(t: TestContext): Promise<StreamDirectory> {
  return (await openCatalogs(t)).streams;
}

/** Besides, the accounts of the same catalog. */
export async function openCatalogs(
  t: TestContext,
  onResharding: (stream: Stream) => void = () => {},
): Promise<{
  streams: StreamDirectory;
  queues: QueueDirectory;
  accounts: AccountCatalog;
  catalog: StreamCatalog;
  administration: KafkaAdministration;
  claims: SubscriptionClaims;
}> {
  const [host = '', port] = kafkaBootstrap.split(':');
  const bootstrap = [{ host, port: Number(port) }];
  const cluster = new Cluster({ bootstrap, clientId: 'test' });
  const administration = new KafkaAdministration(cluster, bootstrap, pino({ level: 'silent' }));
  const database = await Database.open({ endpoint: dynamodbEndpoint, region: 'us-east-1' });
  t.after(async () => {
    await administration.stop();
    cluster.close();
    database.close();
  });
  const table = `catalog-${randomUUID()}`;
  const catalog = await openStreamCatalog(database, table);
  const clock = { nowMs: () => Date.now() };
  const onGone = () => Promise.resolve();
  const streams = createStreamDirectory({
    ...{ catalog, administration, clock, onResharding, onGone },
    onProblem: () => undefined,
  });
  const queues = createQueueDirectory({
    catalog: openQueueCatalog(database, table),
    onUnfinished: () => undefined,
  });
  return {
    streams,
    queues,
    catalog,
    administration,
    accounts: openAccountCatalog(database, table),
    claims: openSubscriptionClaims(database, table),
  };
}
