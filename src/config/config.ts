/**
 * Every setting of the gateway, one row each: flag, environment variable, default, sentence.
 * `--help` and docs/configuration.md are made from this table.
 */
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { closest } from 'fastest-levenshtein';

/** A setting is wrong; the message says which and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Setting<T> = {
  /** `--flag`, and the variable with a prefix: `kinesis-port` is KINESKA_KINESIS_PORT. */
  readonly flag: string;
  readonly default: T;
  /** What the value looks like, for the help. */
  readonly form: string;
  readonly sentence: string;
  /** Throws ConfigError where the text is no value. */
  readonly parse: (text: string) => T;
};

function port(flag: string, value: number, sentence: string): Setting<number> {
  return wholeNumber(flag, value, 0, 65_535, `${sentence} 0 takes any free port.`, 'port');
}

function wholeNumber(
  flag: string,
  value: number,
  min: number,
  max: number,
  sentence: string,
  form = 'number',
): Setting<number> {
  return {
    flag,
    default: value,
    form,
    sentence,
    parse(given) {
      const number = Number(given);
      if (/^\d+$/.test(given) && number >= min && number <= max) return number;
      throw new ConfigError(`must be a whole number from ${min} to ${max}, not "${given}"`);
    },
  };
}

function text(flag: string, value: string, form: string, sentence: string): Setting<string> {
  return { flag, default: value, form, sentence, parse: (given) => given };
}

function matching(
  flag: string,
  value: string,
  form: string,
  pattern: RegExp,
  sentence: string,
): Setting<string> {
  return {
    ...text(flag, value, form, sentence),
    parse(given) {
      if (pattern.test(given)) return given;
      throw new ConfigError(`must be ${form}, not "${given}"`);
    },
  };
}

function choice<const V extends string>(
  flag: string,
  values: readonly V[],
  value: V,
  sentence: string,
): Setting<V> {
  const form = values.join('|');
  return {
    flag,
    default: value,
    form,
    sentence,
    parse(given) {
      const found = values.find((each) => each === given);
      if (found !== undefined) return found;
      throw new ConfigError(`must be one of ${values.join(', ')}, not "${given}"`);
    },
  };
}

function yesOrNo(flag: string, sentence: string): Setting<boolean> {
  return {
    flag,
    default: false,
    form: 'true|false',
    sentence,
    parse(given) {
      if (given === 'true' || given === '1') return true;
      if (given === 'false' || given === '0' || given === '') return false;
      throw new ConfigError(`must be true or false, not "${given}"`);
    },
  };
}

/** Ids and ranges of ids, in the order given; checked, and kept as text. */
function brokerIdList(given: string): string {
  if (given === '' || brokerIdsOf(given).length > 0) return given;
  throw new ConfigError(`must be broker ids and ranges such as 1-3,7, not "${given}"`);
}

/** Most brokers that the list may name. */
const brokerIdsMax = 1_000;

/** The ids of --kafka-broker-ids, none where it is wrong or empty. */
export function brokerIdsOf(list: string): readonly number[] {
  const ids: number[] = [];
  for (const part of list.split(',')) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    const count = Number(last) - Number(first) + 1;
    if (!(count >= 1) || ids.length + count > brokerIdsMax) return [];
    for (let id = Number(first); id <= Number(last); id++) ids.push(id);
  }
  return new Set(ids).size === ids.length ? ids : [];
}

/** By name in the configuration; grouped as the documentation shows them. */
export const settings = {
  kinesisPort: port('kinesis-port', 4567, 'Port of the Kinesis API: HTTP/1.1, HTTP/2 and TLS.'),
  kafkaPort: port(
    'kafka-port',
    9092,
    'Port of the Kafka protocol, the one to bootstrap from; further brokers get the next ones.',
  ),
  dynamodbPort: port('dynamodb-port', 8000, 'Port of the embedded DynamoDB Local.'),
  opsPort: port('ops-port', 9464, 'Port of /metrics, /healthz and /readyz.'),
  kafkaBrokerIds: {
    ...text(
      'kafka-broker-ids',
      '',
      'ids and ranges: 1-3,7',
      'Brokers in the order of their ports: the n-th has --kafka-port + n, up or not. Where ' +
        'empty, a broker has --kafka-port + its id − the lowest id.',
    ),
    parse: brokerIdList,
  },
  kafkaAdvertisedPort: wholeNumber(
    'kafka-advertised-port',
    0,
    0,
    65_535,
    'Port that Kafka clients are told to connect to, where another is in front of --kafka-port; ' +
      'further brokers’ ports move with it. 0 for the same.',
    'port',
  ),
  kafkaTls: yesOrNo('kafka-tls', 'The Kafka door takes TLS connections, and no others.'),
  kafkaTlsCert: text(
    'kafka-tls-cert',
    '',
    'file',
    'Certificate (PEM) of the Kafka door; that of the Kinesis port where empty.',
  ),
  kafkaTlsKey: text('kafka-tls-key', '', 'file', 'Private key (PEM) of that certificate.'),
  kafkaTlsBrokerHost: matching(
    'kafka-tls-broker-host',
    '',
    'a host name with {id}',
    /^$|^[a-z0-9.-]*\{id\}[a-z0-9.-]*$/,
    'One port for every broker: clients are told this name, and the name in their TLS greeting ' +
      'tells the broker. Any other name bootstraps. Wants a certificate of its own.',
  ),
  kafkaAcks: choice(
    'kafka-acks',
    ['all', 'client'],
    'all',
    'Records for streams with Kinesis rules are acknowledged when they are in sync on replicas, ' +
      'or as the Kafka client asks.',
  ),
  host: text('host', '127.0.0.1', 'address', 'Address that the gateway listens on.'),
  advertisedHost: text(
    'advertised-host',
    '',
    'host',
    'Host that Kafka clients are told to connect to; that of --host where empty.',
  ),
  insecureBind: yesOrNo(
    'insecure-bind',
    'Allows --host to be no loopback address although no credentials are configured: whoever ' +
      'reaches the ports can read and write everything.',
  ),
  kafkaBootstrap: matching(
    'kafka-bootstrap',
    '',
    'host:port[,host:port…]',
    /^$|^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/,
    'An existing Kafka cluster; none is started then.',
  ),
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
    'Password of that user, or secret of that client. Give it by its variable: flags are seen by ' +
      'every user of a machine.',
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
    /^$|^https?:\/\/\S+$/,
    'Grants bearer tokens for client credentials, where there is no token file.',
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
    'Authorities (PEM) that brokers’ certificates must come from; those that Node knows where ' +
      'empty.',
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
    'Takes a broker’s certificate although it names another host.',
  ),
  kafkaIdentity: choice(
    'kafka-identity',
    ['gateway', 'client'],
    'gateway',
    'Who clients of the Kafka door are to the cluster: the gateway, by its credentials, or ' +
      'themselves: their own SASL goes through to the brokers. Without credentials of the ' +
      'gateway they are always themselves.',
  ),
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
    /^[a-zA-Z0-9_.-]{3,255}$/,
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
    'How long the owner of a lease may be silent before it is taken; set KCL’s ' +
      'failoverTimeMillis to the same, and both to more than Kafka members let pass between ' +
      'heartbeats (5 s).',
    'ms',
  ),
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
  dataDir: text('data-dir', '.kineska', 'folder', 'Folder of all data, logs and the certificate.'),
  ephemeral: yesOrNo(
    'ephemeral',
    'Data live in a temporary folder that is thrown away at the end.',
  ),
  stopWithParent: yesOrNo(
    'stop-with-parent',
    'For programs that fork the gateway: they are sent its endpoints as a message, and it stops ' +
      'when they end.',
  ),
  cacheDir: text(
    'cache-dir',
    '',
    'folder',
    'Folder of the engines’ jars, resolved once; `kineska` in the user’s cache folder where empty.',
  ),
  workers: wholeNumber(
    'workers',
    1,
    1,
    64,
    'Processes that serve clients behind the same ports, where one core is not enough.',
  ),
  limits: choice(
    'limits',
    ['aws', 'off'],
    'aws',
    'Rate limits of Kinesis as AWS enforces them, or none. Sizes are always limited.',
  ),
  allowedOrigins: matching(
    'allowed-origins',
    '*',
    'origin[,…]|*',
    /^(?:\*|(?:https?:\/\/[^\s/,]+(?:,https?:\/\/[^\s/,]+)*)?)$/,
    'Origins of web pages whose scripts may call the Kinesis API, such as ' +
      '`http://localhost:3000`; `*` is every one, as on AWS, and nothing is none.',
  ),
  faults: text(
    'faults',
    '',
    'action:error:probability[,…]',
    'Errors on purpose, for trying clients: ' +
      '`PutRecords:ProvisionedThroughputExceededException:0.1,GetRecords:InternalFailure:0.05`. ' +
      'An action of `*` is every one.',
  ),
  region: matching(
    'region',
    'us-east-1',
    'a region',
    /^[a-z]{2}(-[a-z]+)+-\d$/,
    'Region in ARNs, where a request was not signed for another.',
  ),
  accountId: matching(
    'account-id',
    '000000000000',
    'twelve digits',
    /^\d{12}$/,
    'Account in ARNs.',
  ),
  tlsCert: text('tls-cert', '', 'file', 'Certificate (PEM) of the Kinesis port; made where empty.'),
  tlsKey: text('tls-key', '', 'file', 'Private key (PEM) of that certificate.'),
  schemaRegistry: matching(
    'schema-registry',
    '',
    'a URL',
    /^$|^https?:\/\/\S+$/,
    'Schema registry that `kineska read` decodes values with.',
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
    'Where it logs to, as JSON lines; logs/gateway.log in the data folder where empty, - for the ' +
      'standard output.',
  ),
} as const;

type Settings = typeof settings;
export type Config = {
  readonly [K in keyof Settings]: Settings[K] extends Setting<infer T> ? T : never;
};

const rows = Object.entries(settings) as [keyof Settings, Setting<unknown>][];
const prefix = 'KINESKA_';

export function variableOf(flag: string): string {
  return prefix + flag.toUpperCase().replaceAll('-', '_');
}

/**
 * Reads flags and environment; a flag wins. Nothing is touched before all is valid.
 * Throws ConfigError: an unknown name (with the nearest known one), a bad value, a bad mixture.
 */
export function readConfig(flags: readonly string[], environment: NodeJS.ProcessEnv): Config {
  const given = new Map<string, string>();
  readEnvironment(environment, given);
  readFlags(flags, given);
  const config = Object.fromEntries(
    rows.map(([name, setting]) => [name, valueOf(setting, given.get(setting.flag))]),
  ) as Config;
  check(config);
  return {
    ...config,
    advertisedHost: config.advertisedHost === '' ? reachable(config.host) : config.advertisedHost,
    dataDir: resolve(config.dataDir),
    cacheDir: config.cacheDir === '' ? defaultCacheDir(environment) : resolve(config.cacheDir),
  };
}

function valueOf(setting: Setting<unknown>, given: string | undefined): unknown {
  if (given === undefined) return setting.default;
  try {
    return setting.parse(given);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { flag } = setting;
    throw new ConfigError(`--${flag} (${variableOf(flag)}) ${error.message}.`);
  }
}

function readEnvironment(environment: NodeJS.ProcessEnv, given: Map<string, string>): void {
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || value === undefined) continue;
    const found = rows.find(([, { flag }]) => variableOf(flag) === variable);
    if (found === undefined) {
      const known = rows.map(([, { flag }]) => variableOf(flag));
      throw new ConfigError(
        `${variable} is no setting of kineska. Did you mean ${closest(variable, known)}?`,
      );
    }
    given.set(found[1].flag, value);
  }
}

function readFlags(flags: readonly string[], given: Map<string, string>): void {
  const options = Object.fromEntries(
    rows.map(([, { flag, default: value }]) => [
      flag,
      { type: typeof value === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const known = Object.keys(options);
  const { tokens } = parseArgs({ args: [...flags], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new ConfigError(`"${token.value}" is no flag: settings are given as --name value.`);
    }
    if (token.kind !== 'option') continue;
    if (!known.includes(token.name)) {
      const meant = closest(token.name, known);
      throw new ConfigError(`--${token.name} is no setting of kineska. Did you mean --${meant}?`);
    }
    const isFlag = options[token.name]!.type === 'boolean';
    if (!isFlag && token.value === undefined) {
      throw new ConfigError(`--${token.name} wants a value.`);
    }
    given.set(token.name, token.value ?? 'true');
  }
}

function check(config: Config): void {
  if (!isLoopback(config.host) && !config.insecureBind) {
    throw new ConfigError(
      `--host ${config.host} is no loopback address, and no credentials are configured: whoever ` +
        'reaches it could read and write everything. Listen on 127.0.0.1, or set ' +
        `--insecure-bind (${variableOf('insecure-bind')}=true) where the network protects it.`,
    );
  }
  if ((config.tlsCert === '') !== (config.tlsKey === '')) {
    throw new ConfigError('--tls-cert and --tls-key go together: set both, or neither.');
  }
  checkKafkaDoor(config);
  checkKafkaCluster(config);
}

function checkKafkaDoor(config: Config): void {
  const { kafkaTls, kafkaTlsCert: cert, kafkaTlsKey: key, kafkaTlsBrokerHost } = config;
  if ((cert === '') !== (key === '')) {
    throw new ConfigError(
      '--kafka-tls-cert and --kafka-tls-key go together: set both, or neither.',
    );
  }
  if (!kafkaTls && (cert !== '' || kafkaTlsBrokerHost !== '')) {
    throw new ConfigError('Settings of --kafka-tls-… want --kafka-tls (KINESKA_KAFKA_TLS=true).');
  }
  if (kafkaTlsBrokerHost !== '' && cert === '') {
    throw new ConfigError(
      '--kafka-tls-broker-host wants --kafka-tls-cert and --kafka-tls-key: a certificate that ' +
        `names ${kafkaTlsBrokerHost.replace('{id}', '*')} and the host to bootstrap from.`,
    );
  }
}

function checkKafkaCluster(config: Config): void {
  const { kafkaSecurityProtocol: protocol, kafkaSaslMechanism: mechanism } = config;
  if (protocol !== 'PLAINTEXT' && config.kafkaBootstrap === '') {
    throw new ConfigError(`--kafka-security-protocol ${protocol} wants --kafka-bootstrap.`);
  }
  if ((config.kafkaSslCertFile === '') !== (config.kafkaSslKeyFile === '')) {
    throw new ConfigError('--kafka-ssl-cert-file and --kafka-ssl-key-file go together.');
  }
  const ssl = [config.kafkaSslCaFile, config.kafkaSslCertFile];
  if (!protocol.endsWith('SSL') && (ssl.some((file) => file !== '') || config.kafkaSslAnyHost)) {
    throw new ConfigError(
      `Settings of --kafka-ssl-… want --kafka-security-protocol SSL or SASL_SSL, not ${protocol}.`,
    );
  }
  const { kafkaSaslUsername: username, kafkaSaslPassword: password } = config;
  const tokens = [config.kafkaSaslOauthTokenFile, config.kafkaSaslOauthTokenEndpoint];
  const tokensGiven = tokens.filter((each) => each !== '').length;
  if (!protocol.startsWith('SASL')) {
    if (username === '' && password === '' && tokensGiven === 0) return;
    throw new ConfigError(
      `Credentials of --kafka-sasl-… want --kafka-security-protocol SASL_SSL or SASL_PLAINTEXT, ` +
        `not ${protocol}: they would not be used.`,
    );
  }
  if (mechanism !== 'OAUTHBEARER') {
    if (tokensGiven > 0) {
      throw new ConfigError(`--kafka-sasl-oauth-… is for OAUTHBEARER, not ${mechanism}.`);
    }
    if (username !== '' && password !== '') return;
    throw new ConfigError(
      `${mechanism} wants --kafka-sasl-username and ${variableOf('kafka-sasl-password')}.`,
    );
  }
  if (tokensGiven !== 1) {
    throw new ConfigError(
      'OAUTHBEARER wants --kafka-sasl-oauth-token-file or --kafka-sasl-oauth-token-endpoint: ' +
        'one of the two.',
    );
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Clients cannot connect to "every address"; those on this machine can to loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function defaultCacheDir(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'kineska');
}

export function helpText(): string {
  const lines = rows.map(([, { flag, form, sentence, default: value }]) => {
    const shown = String(value) === '' || value === false ? '' : ` [${String(value)}]`;
    return `  --${flag} ${form}${shown}\n      ${sentence}`;
  });
  return `kineska: the Amazon Kinesis API and the Apache Kafka protocol over one Kafka cluster.

Usage: kineska start [--setting value …]
       kineska read STREAM [--setting value …]
       kineska groups [GROUP] [--json] [--setting value …]
       kineska --help | --version

Every setting is also an environment variable: --kinesis-port is ${variableOf('kinesis-port')}.

${lines.join('\n')}
`;
}

/** The table of docs/configuration.md. */
export function settingsTable(): string {
  const lines = rows.map(([, { flag, form, sentence, default: value }]) => {
    const shown = String(value) === '' ? '' : `\`${String(value)}\``;
    const formShown = form.replaceAll('|', '\\|');
    return `| \`--${flag}\` | \`${variableOf(flag)}\` | ${formShown} | ${shown} | ${sentence} |`;
  });
  return [
    '| flag | variable | value | default | what it does |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
