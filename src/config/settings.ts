/**
 * All settings of the gateway, one row each: flag, environment variable, default, description.
 * `--help` and docs/configuration.md are made from these tables, section by section.
 */
import {
  addresses,
  brokerIds,
  choice,
  matching,
  origins,
  port,
  type Setting,
  text,
  wholeNumber,
  yesOrNo,
} from './setting.ts';

const url = /^$|^https?:\/\/\S+$/;

const ports = {
  kinesisPort: port('kinesis-port', 4567, 'Port of the Kinesis API: HTTP/1.1, HTTP/2 and TLS.'),
  kafkaPort: port(
    'kafka-port',
    9092,
    'Port of the Kafka protocol, the one to bootstrap from; further brokers get the next ones.',
  ),
  dynamodbPort: port('dynamodb-port', 8000, 'Port of the embedded DynamoDB Local.'),
  opsPort: port('ops-port', 9464, 'Port of /metrics, /healthz and /readyz.'),
  host: text('host', '127.0.0.1', 'address', 'Address that the gateway listens on.'),
  advertisedHost: text(
    'advertised-host',
    '',
    'host',
    'Host that Kafka clients are told to connect to; that of --host if empty.',
  ),
  insecureBind: yesOrNo(
    'insecure-bind',
    'Allows --host to be an address other than loopback although no credentials are configured: ' +
      'anyone who reaches the ports can read and write everything.',
  ),
} as const;

const kinesisApi = {
  region: matching(
    'region',
    'us-east-1',
    'a region',
    /^[a-z]{2}(-[a-z]+)+-\d$/,
    'Region in ARNs, unless a request was signed for another.',
  ),
  accountId: matching(
    'account-id',
    '000000000000',
    'twelve digits',
    /^\d{12}$/,
    'Account in ARNs.',
  ),
  limits: choice(
    'limits',
    ['aws', 'off'],
    'aws',
    'Rate limits of Kinesis as AWS enforces them, or none. Sizes are always limited.',
  ),
  allowedOrigins: origins(
    'allowed-origins',
    'Origins of web pages whose scripts may call the Kinesis API, such as ' +
      '`http://localhost:3000`; `*` is every one, as on AWS, and nothing is none.',
  ),
  tlsCert: text(
    'tls-cert',
    '',
    'file',
    'Certificate (PEM) of the Kinesis port; if empty, the gateway makes one.',
  ),
  tlsKey: text('tls-key', '', 'file', 'Private key (PEM) of that certificate.'),
  faults: text(
    'faults',
    '',
    'action:error:probability[,…]',
    'Errors on purpose, for trying clients: ' +
      '`PutRecords:ProvisionedThroughputExceededException:0.1,GetRecords:InternalFailure:0.05`. ' +
      'An action of `*` is every one.',
  ),
} as const;

const kafkaDoor = {
  kafkaBrokerIds: brokerIds(
    'kafka-broker-ids',
    'Brokers in the order of their ports: the n-th has --kafka-port + n, whether it is up or ' +
      'not. If empty, a broker has --kafka-port + its id - the lowest id.',
  ),
  kafkaAdvertisedPort: wholeNumber(
    'kafka-advertised-port',
    0,
    0,
    65_535,
    'Port that Kafka clients are told to connect to, if another is in front of --kafka-port; ' +
      "further brokers' ports move with it. 0 for the same.",
    'port',
  ),
  kafkaTls: yesOrNo('kafka-tls', 'The Kafka door accepts TLS connections, and no others.'),
  kafkaTlsCert: text(
    'kafka-tls-cert',
    '',
    'file',
    'Certificate (PEM) of the Kafka door; that of the Kinesis port if empty.',
  ),
  kafkaTlsKey: text('kafka-tls-key', '', 'file', 'Private key (PEM) of that certificate.'),
  kafkaTlsBrokerHost: matching(
    'kafka-tls-broker-host',
    '',
    'a host name with {id}',
    /^$|^[a-z0-9.-]*\{id\}[a-z0-9.-]*$/,
    'One port for every broker: clients are told this name, and the name in their TLS greeting ' +
      'says which broker they want. Any other name bootstraps. Needs a certificate of its own.',
  ),
  kafkaAcks: choice(
    'kafka-acks',
    ['all', 'client'],
    'all',
    'Records for streams with Kinesis rules are acknowledged when they are in sync on replicas, ' +
      'or as the Kafka client asks.',
  ),
  kafkaIdentity: choice(
    'kafka-identity',
    ['gateway', 'client'],
    'gateway',
    'As whom clients of the Kafka door reach the cluster: as the gateway, by its credentials, or ' +
      'as themselves, by SASL that passes through to the brokers. Without credentials of the ' +
      'gateway always as themselves.',
  ),
} as const;

const kafkaCluster = {
  kafkaBootstrap: addresses('kafka-bootstrap', 'An existing Kafka cluster; none is started then.'),
  kafkaSecurityProtocol: choice(
    'kafka-security-protocol',
    ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
    'PLAINTEXT',
    'How the gateway reaches the brokers of --kafka-bootstrap.',
  ),
  kafkaSaslMechanism: choice(
    'kafka-sasl-mechanism',
    ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'],
    'SCRAM-SHA-512',
    'How the gateway logs in to them.',
  ),
  kafkaSaslUsername: text(
    'kafka-sasl-username',
    '',
    'name',
    'User of PLAIN and SCRAM; of OAUTHBEARER with an endpoint, the client id.',
  ),
  kafkaSaslPassword: text(
    'kafka-sasl-password',
    '',
    'secret',
    'Password of that user, or secret of that client. Give it by its variable: every user of a ' +
      'machine can see flags.',
  ),
  kafkaSaslOauthTokenFile: text(
    'kafka-sasl-oauth-token-file',
    '',
    'file',
    'Holds the bearer token of OAUTHBEARER; read again at every login.',
  ),
  kafkaSaslOauthTokenEndpoint: matching(
    'kafka-sasl-oauth-token-endpoint',
    '',
    'a URL',
    url,
    'Grants bearer tokens for client credentials, if there is no token file.',
  ),
  kafkaSaslOauthScope: text(
    'kafka-sasl-oauth-scope',
    '',
    'scopes',
    'Scopes that are asked of that endpoint, separated by spaces.',
  ),
  kafkaSslCaFile: text(
    'kafka-ssl-ca-file',
    '',
    'file',
    "Authorities (PEM) that brokers' certificates must come from; those that Node knows if empty.",
  ),
  kafkaSslCertFile: text(
    'kafka-ssl-cert-file',
    '',
    'file',
    'Certificate (PEM) that the gateway shows to brokers.',
  ),
  kafkaSslKeyFile: text('kafka-ssl-key-file', '', 'file', 'Private key (PEM) of that certificate.'),
  kafkaSslAnyHost: yesOrNo(
    'kafka-ssl-any-host',
    "Accepts a broker's certificate although it names another host.",
  ),
} as const;

const streamsAndGroups = {
  dynamodbEndpoint: matching(
    'dynamodb-endpoint',
    '',
    'an endpoint URL, or aws',
    /^$|^aws$|^https?:\/\/\S+$/,
    'An existing DynamoDB; none is started then. `aws` leaves endpoint, region and credentials ' +
      "to the AWS SDK's own rules.",
  ),
  catalogTable: matching(
    'catalog-table',
    'kineska-streams',
    'a table name',
    /^[a-zA-Z0-9_.-]{3,241}$/,
    'DynamoDB table of the streams; gateways that share it are one.',
  ),
  groupTables: text(
    'group-tables',
    '*',
    'patterns',
    'Consumer groups whose offsets are kept in lease tables, which KCL applications of the same ' +
      'names use: patterns with *, separated by commas; one that begins with ! leaves groups ' +
      'out, and the first that fits decides.',
  ),
  leaseFailoverMs: wholeNumber(
    'lease-failover-ms',
    10_000,
    1_000,
    600_000,
    "How long a lease holder may be silent before others take the lease; set KCL's " +
      'failoverTimeMillis to the same, and both to more than the time between heartbeats of ' +
      'Kafka members (5 s).',
    'ms',
  ),
} as const;

const embeddedEngines = {
  embeddedKafkaPort: port(
    'embedded-kafka-port',
    19_092,
    'Port of the embedded Kafka itself, behind the gateway.',
  ),
  kafkaHeapMb: wholeNumber('kafka-heap-mb', 512, 128, 65_536, 'Heap of the embedded Kafka.', 'MB'),
  dynamodbHeapMb: wholeNumber(
    'dynamodb-heap-mb',
    256,
    64,
    65_536,
    'Heap of the embedded DynamoDB Local.',
    'MB',
  ),
  cacheDir: text(
    'cache-dir',
    '',
    'folder',
    "Folder of the engines' jars, resolved once; `kineska` in the user's cache folder if empty.",
  ),
} as const;

const dataAndProcesses = {
  dataDir: text('data-dir', '.kineska', 'folder', 'Folder of all data, logs and the certificate.'),
  ephemeral: yesOrNo(
    'ephemeral',
    'Data live in a temporary folder that is thrown away at the end.',
  ),
  workers: wholeNumber(
    'workers',
    1,
    1,
    64,
    'Processes that serve clients behind the same ports, if one core is not enough.',
  ),
  stopWithParent: yesOrNo(
    'stop-with-parent',
    'For programs that fork the gateway: they are sent its endpoints as a message, and it stops ' +
      'when they end.',
  ),
  logLevel: choice(
    'log-level',
    ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    'info',
    'How much the gateway logs.',
  ),
  logFile: text(
    'log-file',
    '',
    'file, or -',
    'Where it logs to, as JSON lines; logs/gateway.log in the data folder if empty, - for the ' +
      'standard output.',
  ),
  schemaRegistry: matching(
    'schema-registry',
    '',
    'a URL',
    url,
    'Schema registry that `kineska read` decodes values with.',
  ),
} as const;

/** In the order of the help and of the documentation. */
export const sections: readonly SettingsSection[] = [
  { title: 'Ports and addresses', settings: Object.values(ports) },
  { title: 'Kinesis API', settings: Object.values(kinesisApi) },
  { title: 'Kafka protocol', settings: Object.values(kafkaDoor) },
  { title: 'An existing Kafka cluster', settings: Object.values(kafkaCluster) },
  { title: 'Streams, groups and DynamoDB', settings: Object.values(streamsAndGroups) },
  { title: 'Embedded engines', settings: Object.values(embeddedEngines) },
  { title: 'Data, processes and logs', settings: Object.values(dataAndProcesses) },
];

export type SettingsSection = {
  readonly title: string;
  readonly settings: readonly Setting<unknown>[];
};

/** By name in the configuration. */
export const settings = {
  ...ports,
  ...kinesisApi,
  ...kafkaDoor,
  ...kafkaCluster,
  ...streamsAndGroups,
  ...embeddedEngines,
  ...dataAndProcesses,
} as const;

type Settings = typeof settings;
export type Config = {
  readonly [K in keyof Settings]: Settings[K] extends Setting<infer T> ? T : never;
};
