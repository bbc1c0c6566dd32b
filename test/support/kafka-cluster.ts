/**
 * Clusters of real Kafka brokers, for tests that kill, restart and add some of them, or that want
 * listeners of their own.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type KafkaNode, newClusterId, startKafka } from '../../adapters/engines/embedded-kafka.ts';
import type { EngineProcess } from '../../adapters/engines/engine-process.ts';
import { freePort } from '../../adapters/engines/free-port.ts';
import { kafkaClient } from './doors.ts';
import { resolveKafkaVersion } from './kafka-versions.ts';

export type TestBroker = {
  readonly node: KafkaNode;
  /** SIGKILL; resolves when it is gone. */
  kill9(): Promise<void>;
  /** SIGTERM: it hands its partitions over before it ends. */
  stop(): Promise<void>;
  /** Starts it again on its own port, with its own data. */
  again(): Promise<void>;
};

export type TestCluster = {
  /** `host:port,…` of the brokers that it began with. */
  readonly bootstrap: string;
  readonly brokers: readonly TestBroker[];
  /** A further broker, which is no controller. */
  add(): Promise<TestBroker>;
};

export type TestClusterOptions = {
  readonly count?: number;
  readonly heapMb?: number;
  /** Of Kafka; the embedded engine's where absent. */
  readonly version?: string;
  /** Broker properties on top of the usual ones. */
  readonly properties?: (node: KafkaNode) => Properties;
};

export type Properties = Readonly<Record<string, string>>;

const host = '127.0.0.1';
const heapMbDefault = 256;
const stopGraceMs = 8_000;
const handOverMsMax = 60_000;
/** Several start at once, beside clients that continue. */
const readyMsMax = 180_000;
const formingTimeoutMs = 120_000;

/** Brokers that are controllers, too; they end, and their data go, after `t`. */
export async function startKafkaCluster(
  t: Pick<TestContext, 'after'>,
  { count = 3, heapMb = heapMbDefault, version, properties = () => ({}) }: TestClusterOptions = {},
): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-cluster-'));
  const running = new Map<number, EngineProcess>();
  t.after(async () => {
    await Promise.all([...running.values()].map((engine) => engine.stop(stopGraceMs)));
    await rm(folder, { recursive: true, force: true });
  });
  const jars = await resolveKafkaVersion(version);
  const clusterId = newClusterId();
  const voters: KafkaNode[] = [];
  for (let nodeId = 1; nodeId <= count; nodeId++) voters.push(await newNode(nodeId));
  const begin = async (node: KafkaNode, more: Properties = {}): Promise<TestBroker> => {
    const own = join(folder, `broker-${node.nodeId}`);
    await mkdir(own, { recursive: true });
    const logFile = join(own, 'kafka.log');
    const start = async () => {
      const all = { ...clusterProperties, ...properties(node), ...more };
      const settings = {
        jars,
        node,
        nodes: voters,
        clusterId,
        folder: own,
        logFile,
        heapMb,
        readyMsMax,
      };
      running.set(node.nodeId, await startKafka({ ...settings, properties: all }));
    };
    await start();
    return {
      node,
      async kill9() {
        const { pid, ended } = running.get(node.nodeId)!;
        running.delete(node.nodeId);
        process.kill(-pid, 'SIGKILL');
        await ended;
      },
      async stop() {
        const engine = running.get(node.nodeId)!;
        running.delete(node.nodeId);
        await engine.stop(handOverMsMax);
      },
      again: start,
    };
  };
  const brokers = await Promise.all(voters.map((node) => begin(node)));
  const bootstrap = voters.map(({ port }) => `${host}:${port}`).join(',');
  const add = async () => {
    const node = await newNode(count + 1);
    const added = await begin(node, {
      'process.roles': 'broker',
      listeners: `PLAINTEXT://${host}:${node.port}`,
    });
    await untilBrokers(`${host}:${node.port}`, count + 1);
    return added;
  };
  await untilBrokers(bootstrap, count);
  return { bootstrap, brokers, add };
}

const clusterProperties = {
  'min.insync.replicas': '2',
  'log.segment.delete.delay.ms': '0',
  'num.network.threads': '2',
  'num.io.threads': '4',
};

async function newNode(nodeId: number): Promise<KafkaNode> {
  const [port, controllerPort] = await Promise.all([freePort(), freePort()]);
  return { nodeId, host, port, controllerPort };
}

/** Waits until every broker knows of so many. */
async function untilBrokers(bootstrap: string, count: number): Promise<void> {
  const giveUpAtMs = Date.now() + formingTimeoutMs;
  for (const address of bootstrap.split(',')) {
    for (;;) {
      const admin = kafkaClient(address).admin();
      try {
        await admin.connect();
        const { brokers } = await admin.describeCluster();
        if (brokers.length >= count) break;
      } catch (error) {
        if (Date.now() > giveUpAtMs) throw error;
      } finally {
        await admin.disconnect();
      }
      if (Date.now() > giveUpAtMs) throw new Error(`${address} does not know ${count} brokers`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
