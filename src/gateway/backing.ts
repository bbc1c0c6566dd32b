/**
 * The backing services, once per process: the Kafka cluster and DynamoDB, and all ports that use
 * them. Besides the commands, the only module that imports adapters.
 */
import { openAccountCatalog } from '../../adapters/dynamodb/account-catalog.ts';
import { Database } from '../../adapters/dynamodb/database.ts';
import { openLeaseTables } from '../../adapters/dynamodb/lease-store.ts';
import { openQueueCatalog } from '../../adapters/dynamodb/queue-catalog.ts';
import { openQueueRows } from '../../adapters/dynamodb/queue-rows.ts';
import { openStreamCatalog } from '../../adapters/dynamodb/stream-catalog.ts';
import { openSubscriptionClaims } from '../../adapters/dynamodb/subscription-claims.ts';
import { KafkaAdministration } from '../../adapters/kafka/administration.ts';
import { ClusterBrokers } from '../../adapters/kafka/backing-brokers.ts';
import { Cluster } from '../../adapters/kafka/cluster.ts';
import { KafkaGroupCoordinator } from '../../adapters/kafka/group-coordinator.ts';
import { KafkaProducerLog } from '../../adapters/kafka/producer-log.ts';
import { KafkaRecordLog } from '../../adapters/kafka/record-log.ts';
import { openSecurity, type SecuritySettings } from '../../adapters/kafka/security.ts';
import { KafkaShareLog } from '../../adapters/kafka/share-log.ts';
import type { Address } from '../config/setting.ts';
import type { Config } from '../config/settings.ts';
import type { BackingObserver } from '../ports/observer.ts';
import type { GatewayProcess, Place } from './process.ts';

export type Backing = Awaited<ReturnType<typeof openBacking>>;

export async function openBacking(
  { config, place, logger, clock, stops }: GatewayProcess,
  observer: BackingObserver | undefined,
) {
  const bootstrap = bootstrapOf(config, place);
  const security = await openSecurity(securityOf(config));
  const cluster = new Cluster({ bootstrap, clientId: 'kineska', ...security, observer });
  stops.push(() => cluster.close());
  const endpoint = dynamodbEndpointOf(config, place);
  const database = await Database.open({ endpoint, region: config.region, observer });
  stops.push(() => database.close());
  const catalog = await openStreamCatalog(database, config.catalogTable);
  const administration = new KafkaAdministration(cluster, bootstrap, logger, security);
  stops.push(() => administration.stop());
  // Clients of the Kafka door use the gateway's identity at the brokers, or their own.
  const login = config.kafkaIdentity === 'gateway' ? security.login : undefined;
  return {
    ...{ cluster, catalog, administration },
    tables: await openLeaseTables(database),
    accounts: openAccountCatalog(database, config.catalogTable),
    claims: openSubscriptionClaims(database, config.catalogTable),
    queues: openQueueCatalog(database, config.catalogTable),
    queueRows: openQueueRows(database, clock, config.catalogTable),
    log: new KafkaRecordLog(cluster),
    shares: new KafkaShareLog(cluster),
    producers: new KafkaProducerLog(cluster),
    coordinator: new KafkaGroupCoordinator(cluster),
    brokers: new ClusterBrokers(cluster, { tls: security.tls, login }),
  };
}

function bootstrapOf({ kafkaBootstrap }: Config, { kafkaPort }: Place): readonly Address[] {
  return kafkaBootstrap.length > 0 ? kafkaBootstrap : [{ host: '127.0.0.1', port: kafkaPort! }];
}

/** Undefined if the AWS SDK's own rules find it. */
function dynamodbEndpointOf(config: Config, { dynamodbPort }: Place): string | undefined {
  if (config.dynamodbEndpoint === '') return `http://127.0.0.1:${dynamodbPort!}`;
  return config.dynamodbEndpoint === 'aws' ? undefined : config.dynamodbEndpoint;
}

function securityOf(config: Config): SecuritySettings {
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
