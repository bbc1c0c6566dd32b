/** The gateway and its peers as child processes on free ports, each as its users start it. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { accepts } from '../../adapters/engines/embedded-kafka.ts';
import {
  type EngineProcess,
  startEngine,
  waitUntilReady,
} from '../../adapters/engines/engine-process.ts';
import { freePort } from '../../adapters/engines/free-port.ts';
import type { Engines } from '../support/engines.ts';

const readyTimeoutMs = 60_000;
const stopGraceMs = 8_000;
const host = '127.0.0.1';

export type GatewayServer = KinesisServer & { readonly kafkaPort: number };

export type KinesisServer = {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
};

const require = createRequire(import.meta.url);

/** `nodeFlags` go to the gateway's process: `--cpu-prof` for a profile. */
export async function startGateway(
  engines: Engines,
  nodeFlags: readonly string[] = [],
): Promise<GatewayServer> {
  if (!existsSync('dist/kineska.mjs')) throw new Error('no dist/kineska.mjs: npm run build');
  const [port, kafkaPort, opsPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const started = await startNode(
    'kineska',
    port,
    [...nodeFlags, ...startArguments()],
    (folder) => ({
      KINESKA_KINESIS_PORT: String(port),
      KINESKA_KAFKA_PORT: String(kafkaPort),
      KINESKA_OPS_PORT: String(opsPort),
      KINESKA_KAFKA_BOOTSTRAP: engines.kafkaBootstrap,
      KINESKA_DYNAMODB_ENDPOINT: engines.dynamodbEndpoint,
      KINESKA_LIMITS: 'off',
      KINESKA_DATA_DIR: join(folder, 'data'),
    }),
  );
  return { ...started, kafkaPort };
}

/** Those of `npm start`. */
function startArguments(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.split(' ').slice(1);
}

/** Keeps streams in memory, its default. */
export async function startKinesalite(): Promise<KinesisServer> {
  const port = await freePort();
  const cli = join(dirname(require.resolve('kinesalite')), 'cli.js');
  return startNode('kinesalite', port, [cli, '--port', String(port), '--createStreamMs', '1']);
}

/** The JavaScript build of kinesis-mock. */
export async function startKinesisLocal(): Promise<KinesisServer> {
  const [port, tlsPort] = await Promise.all([freePort(), freePort()]);
  const main = require.resolve('kinesis-local/main.js');
  return startNode('kinesis-local', port, [main], () => ({
    KINESIS_MOCK_PLAIN_PORT: String(port),
    KINESIS_MOCK_TLS_PORT: String(tlsPort),
    KINESIS_MOCK_CERT_PATH: join(dirname(main), 'server.json'),
    LOG_LEVEL: 'ERROR',
  }));
}

async function startNode(
  name: string,
  port: number,
  args: readonly string[],
  environment: (folder: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<KinesisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-bench-'));
  const server: EngineProcess = startEngine({
    name,
    command: process.execPath,
    arguments: args,
    environment: { ...process.env, ...environment(folder) },
    logFile: join(folder, `${name}.log`),
  });
  await waitUntilReady(server, () => accepts(host, port), readyTimeoutMs);
  return {
    name,
    port,
    pid: server.pid,
    async stop() {
      await server.stop(stopGraceMs);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
