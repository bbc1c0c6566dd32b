/**
 * A real Apache Kafka as a child process: one node of a KRaft cluster, which is both broker and
 * controller. Source: the Kafka documentation, "KRaft" and "Broker Configs".
 */
import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { GatewayError } from '../../src/domain/errors.ts';
import { type EngineProcess, startEngine, waitUntilReady } from './engine-process.ts';
import { javaCommand } from './java.ts';
import { type JarSet, resolveJars } from './maven.ts';
import { packageRoot } from './package-root.ts';
import { makeFolder } from '../../src/runtime/make-folder.ts';

const readyMsMaxDefault = 60_000;
const formatTimeoutMs = 60_000;
const probeTimeoutMs = 500;

/**
 * Bounds of share groups, which hold the records of queues, as wide as Kafka allows: within them
 * Kafka itself keeps a record locked and counts its deliveries. Each queue has a session on each
 * broker. Source: the Kafka documentation, "Broker Configs".
 */
export const shareGroupBounds: Readonly<Record<string, string>> = {
  'group.share.min.record.lock.duration.ms': '1000',
  'group.share.max.record.lock.duration.ms': '3600000',
  'group.share.max.delivery.count.limit': '25',
  'group.share.max.partition.max.record.locks': '10000',
  'group.share.max.share.sessions': '10000',
};

export type KafkaNode = {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly controllerPort: number;
};

export type KafkaSettings = {
  readonly jars: JarSet;
  readonly node: KafkaNode;
  /** Every node of the cluster, including this one. */
  readonly nodes: readonly KafkaNode[];
  /** 22 characters of base64url; the same for every node. */
  readonly clusterId: string;
  /** The folder of this node's data and properties. */
  readonly folder: string;
  readonly logFile: string;
  readonly heapMb: number;
  /** Broker properties that override the defaults here. */
  readonly properties?: Readonly<Record<string, string>>;
  /** How long it may take to start, if that differs from the default. */
  readonly readyMsMax?: number;
};

export function resolveKafka(
  cacheFolder: string,
  progress: (sentence: string) => void,
): Promise<JarSet> {
  const pom = join(packageRoot(), 'adapters/engines/kafka-pom.xml');
  return resolveJars('kafka', pom, cacheFolder, progress);
}

/** A new cluster id in the form that Kafka's storage tool generates. */
export function newClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  // An id that starts with a dash would be parsed as an option.
  return id.startsWith('-') ? newClusterId() : id;
}

/** Starts the node and waits until it accepts connections. Errors: `unavailable`. */
export async function startKafka(settings: KafkaSettings): Promise<EngineProcess> {
  const { folder, node, jars, logFile, heapMb, readyMsMax = readyMsMaxDefault } = settings;
  await makeFolder(join(folder, 'data'));
  const propertiesFile = join(folder, 'server.properties');
  const logging = join(folder, 'log4j2.properties');
  await writeFile(propertiesFile, propertiesText(settings));
  await writeFile(logging, loggingText);
  const classPath = [...jars.jars].join(delimiter);
  const java = [`-Dlog4j2.configurationFile=${logging}`, '-cp', classPath];
  if (!existsSync(join(folder, 'data', 'meta.properties'))) {
    await format(settings, java, propertiesFile);
  }
  const engine = startEngine({
    name: 'Kafka',
    command: javaCommand(),
    arguments: [
      ...[`-Xmx${heapMb}m`, `-Xms${Math.min(heapMb, 256)}m`, '-XX:+UseG1GC'],
      ...['-XX:MaxGCPauseMillis=20', '-XX:InitiatingHeapOccupancyPercent=35'],
      ...['-Djava.awt.headless=true', ...java, 'kafka.Kafka', propertiesFile],
    ],
    logFile,
  });
  await waitUntilReady(engine, () => accepts(node.host, node.port), readyMsMax);
  return engine;
}

function propertiesText({ node, nodes, folder, properties }: KafkaSettings): string {
  const replicas = String(Math.min(3, nodes.length));
  const inSync = String(Math.max(1, Math.min(2, nodes.length - 1)));
  const voters = nodes.map((each) => `${each.nodeId}@${each.host}:${each.controllerPort}`);
  const listener = `PLAINTEXT://${node.host}:${node.port}`;
  const all: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(node.nodeId),
    'controller.quorum.voters': voters.join(','),
    listeners: `${listener},CONTROLLER://${node.host}:${node.controllerPort}`,
    'advertised.listeners': listener,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'allow.everyone.if.no.acl.found': 'true',
    'default.replication.factor': replicas,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    // The defaults are for clusters; each of these partitions opens files.
    'offsets.topic.num.partitions': '16',
    'transaction.state.log.num.partitions': '16',
    'share.coordinator.state.topic.num.partitions': '16',
    // After a kill, the node can only register again once its old session has expired.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '400',
    // A group of one member need not wait for others.
    'group.initial.rebalance.delay.ms': '0',
    ...shareGroupBounds,
    ...properties,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return `${lines.join('\n')}\n`;
}

/**
 * Kafka writes to its standard output, which is the log file. It reports the end of each share
 * session, of which a queue in use has thousands a second, at the level of information.
 */
const loggingText = `status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %m (%c)%n
rootLogger.level=info
rootLogger.appenderRef.console.ref=console
logger.apis.name=kafka.server.KafkaApis
logger.apis.level=warn
`;

async function format(
  { clusterId, logFile }: KafkaSettings,
  java: readonly string[],
  propertiesFile: string,
): Promise<void> {
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesFile];
  const options = { timeout: formatTimeoutMs };
  await new Promise<void>((resolve, reject) => {
    execFile(javaCommand(), [...java, ...tool], options, (cause, _out, said) => {
      if (cause === null) return resolve();
      const message = `Kafka's data folder could not be formatted; see ${logFile}: ${said}`;
      reject(new GatewayError('unavailable', message, { cause }));
    });
  });
}

/** Whether something accepts TCP connections there. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: probeTimeoutMs });
    const done = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', done(true));
    socket.once('error', done(false));
    socket.once('timeout', done(false));
  });
}
