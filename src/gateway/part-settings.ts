/** What the settings of the command line say to each part of the gateway. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brokerIdsOf, type Config } from '../config/config.ts';
import { GatewayError } from '../domain/errors.ts';
import type { KafkaDoorTls } from '../kafka/server.ts';
import { type Certificate, selfSignedCertificate } from '../runtime/certificate.ts';
import type { WorkerTask } from './workers/pool.ts';

export function wantedPorts(config: Config) {
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

export function bootstrapOf(
  config: Config,
  engines: WorkerTask,
): readonly { readonly host: string; readonly port: number }[] {
  if (config.kafkaBootstrap === '') return [{ host: '127.0.0.1', port: engines.kafkaPort! }];
  return config.kafkaBootstrap.split(',').map((each) => {
    const colon = each.lastIndexOf(':');
    return { host: each.slice(0, colon), port: Number(each.slice(colon + 1)) };
  });
}

export function dynamodbEndpointOf(config: Config, engines: WorkerTask): string | undefined {
  if (config.dynamodbEndpoint === '') return `http://127.0.0.1:${engines.dynamodbPort!}`;
  return config.dynamodbEndpoint === 'aws' ? undefined : config.dynamodbEndpoint;
}

export function securityOf(config: Config) {
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
export async function kafkaDoorOf(config: Config, ofKinesis: Certificate) {
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

export async function certificateOf(config: Config, folder: WorkerTask): Promise<Certificate> {
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
