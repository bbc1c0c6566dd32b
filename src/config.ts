/**
 * Every setting of the gateway, one row each: flag, environment variable, default, sentence.
 * `--help` and docs/configuration.md are made from this table.
 */
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

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
      'names use: patterns with *, separated by commas; one that begins with ! leaves groups out, ' +
      'and the first that fits decides.',
  ),
  leaseFailoverMs: wholeNumber(
    'lease-failover-ms',
    10_000,
    1_000,
    600_000,
    "How long the owner of a lease may be silent before it is taken; as KCL's failoverTimeMillis.",
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
  cacheDir: text(
    'cache-dir',
    '',
    'folder',
    'Folder of the engines’ jars, resolved once; `kineska` in the user’s cache folder where empty.',
  ),
  limits: choice(
    'limits',
    ['aws', 'off'],
    'aws',
    'Rate limits of Kinesis as AWS enforces them, or none. Sizes are always limited.',
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
        `${variable} is no setting of kineska. Did you mean ${nearest(variable, known)}?`,
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
      const meant = nearest(token.name, known);
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

/** The known name with the fewest letters to change. */
function nearest(name: string, known: readonly string[]): string {
  return known.reduce((best, each) => (distance(name, each) < distance(name, best) ? each : best));
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, change);
    }
    row = next;
  }
  return row[b.length]!;
}

export function helpText(): string {
  const lines = rows.map(([, { flag, form, sentence, default: value }]) => {
    const shown = value === '' || value === false ? '' : ` [${String(value)}]`;
    return `  --${flag} ${form}${shown}\n      ${sentence}`;
  });
  return `kineska: the Amazon Kinesis API and the Apache Kafka protocol over one Kafka cluster.

Usage: kineska start [--setting value …]
       kineska read STREAM [--setting value …]
       kineska --help | --version

Every setting is also an environment variable: --kinesis-port is ${variableOf('kinesis-port')}.

${lines.join('\n')}
`;
}

/** The table of docs/configuration.md. */
export function settingsTable(): string {
  const lines = rows.map(([, { flag, form, sentence, default: value }]) => {
    const shown = value === '' ? '' : `\`${String(value)}\``;
    const formShown = form.replaceAll('|', '\\|');
    return `| \`--${flag}\` | \`${variableOf(flag)}\` | ${formShown} | ${shown} | ${sentence} |`;
  });
  return [
    '| flag | variable | value | default | what it does |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
