/** The clients that the tests run, in the versions that the repository pins. */
import { readFileSync } from 'node:fs';

const java = 'test/clients/java';

type Client = {
  readonly name: string;
  readonly version: string;
  /** How it is told where the gateway is. */
  readonly setting: string;
  /** What it speaks to the gateway. */
  readonly transport: string;
  readonly alsoNeeds: string;
};

const httpOrTls = 'HTTP or TLS';
const nothing = '';
const plainOrTls = 'plain; TLS with `--kafka-tls`';

const kinesisClients: readonly Client[] = [
  {
    name: 'AWS CLI 1',
    version: python('awscli'),
    setting: '`--endpoint-url`, or `AWS_ENDPOINT_URL_KINESIS`',
    transport: httpOrTls,
    alsoNeeds: nothing,
  },
  {
    name: 'boto3',
    version: python('boto3'),
    setting: '`endpoint_url`, or `AWS_ENDPOINT_URL_KINESIS`',
    transport: httpOrTls,
    alsoNeeds: nothing,
  },
  {
    name: 'AWS SDK for Java 2',
    version: maven('docs/examples/java/pom.xml', 'kinesis'),
    setting: '`endpointOverride`, or `AWS_ENDPOINT_URL_KINESIS`',
    transport: httpOrTls,
    alsoNeeds: nothing,
  },
  {
    name: 'AWS SDK for JavaScript 3',
    version: npm('@aws-sdk/client-kinesis'),
    setting: '`endpoint`, or `AWS_ENDPOINT_URL_KINESIS`',
    transport: 'HTTP/2 with and without TLS',
    alsoNeeds: nothing,
  },
  {
    name: 'AWS SDK for Go 2',
    version: go('aws-go', 'github.com/aws/aws-sdk-go-v2/service/kinesis'),
    setting: '`BaseEndpoint`, or `AWS_ENDPOINT_URL_KINESIS`',
    transport: httpOrTls,
    alsoNeeds: nothing,
  },
  ...kcl(),
  {
    name: 'amazon_kclpy',
    version: /amazon_kclpy-([\d.]+)/.exec(readFileSync('test/support/install.ts', 'utf8'))![1]!,
    setting: '`kinesisEndpoint` in its properties',
    transport: httpOrTls,
    alsoNeeds: '`dynamoDBEndpoint`; `metricsLevel = NONE`',
  },
  {
    name: 'KPL',
    version: maven(`${java}/kpl-pom.xml`, 'amazon-kinesis-producer'),
    setting: '`setKinesisEndpoint`, `setKinesisPort`',
    transport: 'TLS only: `setCaCertFile`',
    alsoNeeds: '`setStsEndpoint`, `setStsPort` to the same; `setMetricsLevel("none")`',
  },
];

function kcl(): Client[] {
  const poms = { 'KCL 3': 'pom.xml', 'KCL 2': 'kcl2-pom.xml', 'KCL 1': 'kcl1-pom.xml' };
  return Object.entries(poms).map(([name, pom]) => ({
    name,
    version: maven(`${java}/${pom}`, 'amazon-kinesis-client'),
    setting:
      name === 'KCL 1' ? '`withKinesisEndpoint`' : '`endpointOverride` of its Kinesis client',
    transport: httpOrTls,
    alsoNeeds:
      name === 'KCL 1'
        ? '`withDynamoDBEndpoint`; no CloudWatch: `NullMetricsFactory`'
        : '`endpointOverride` of its DynamoDB client; no CloudWatch: `NullMetricsFactory`',
  }));
}

const kafkaClients: readonly Client[] = [
  kafka('kafka-clients (Java)', maven('adapters/engines/kafka-pom.xml', 'kafka_2.13')),
  kafka('Kafka Streams', maven(`${java}/streams-pom.xml`, 'kafka-streams')),
  kafka('Kafka Connect, MirrorMaker 2', maven(`${java}/connect-pom.xml`, 'connect-runtime')),
  kafka('confluent-kafka (librdkafka)', python('confluent-kafka')),
  kafka('kcat (librdkafka)', 'as Debian packs it', '`-b`'),
  kafka('kafka-python', python('kafka-python'), '`bootstrap_servers`'),
  kafka('aiokafka', python('aiokafka'), '`bootstrap_servers`'),
  kafka('kafkajs', npm('kafkajs'), '`brokers`'),
  kafka('franz-go', go('franz-go', 'github.com/twmb/franz-go'), '`kgo.SeedBrokers`'),
  kafka('segmentio/kafka-go', go('kafka-go', 'github.com/segmentio/kafka-go'), '`Brokers`, `Addr`'),
];

function kafka(name: string, version: string, setting = '`bootstrap.servers`'): Client {
  return { name, version, setting, transport: plainOrTls, alsoNeeds: nothing };
}

export function testedClientsTable(): string {
  const rows = [...kinesisClients, ...kafkaClients].map(
    ({ name, version, setting, transport, alsoNeeds }) =>
      `| ${name} | ${version} | ${setting} | ${transport} | ${alsoNeeds} |`,
  );
  const head = [
    '| client | tested version | setting | speaks | also needs |',
    '|---|---|---|---|---|',
  ];
  return [...head, ...rows].join('\n');
}

function python(name: string): string {
  return found('test/clients/requirements.txt', new RegExp(`^${name}==(.+)$`, 'm'));
}

function go(program: string, module: string): string {
  return found(`test/clients/${program}/go.mod`, new RegExp(`\\b${module} v(\\S+)`));
}

function maven(pom: string, artifact: string): string {
  return found(pom, new RegExp(`<artifactId>${artifact}</artifactId>\\s*<version>(.+)</version>`));
}

function npm(name: string): string {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  return lock.packages[`node_modules/${name}`]!.version;
}

function found(file: string, pattern: RegExp): string {
  const version = pattern.exec(readFileSync(file, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${file} has no ${pattern}`);
  return version;
}
