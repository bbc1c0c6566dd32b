/** The product as users run it: `kineska start` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../adapters/engines/free-port.ts';
import { sharedEngines } from './engines.ts';

const readyTimeoutMs = 90_000;
const stopTimeoutMs = 15_000;

export type Gateway = {
  readonly kinesis: string;
  readonly kinesisTls: string;
  /** `host:port` */
  readonly kafka: string;
  readonly dynamodb: string;
  readonly operations: string;
  readonly dataDir: string;
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** SIGINT, as Ctrl-C; answers the exit code. */
  stop(): Promise<number | null>;
  /** Starts the same again: same ports, same data. */
  again(): Promise<Gateway>;
};

export type GatewayOptions = {
  /** Engines of its own, as `npm start` has them. */
  readonly embedded?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
};

/** Starts it and waits until it says that it is ready; ended, and its folder removed, after `t`. */
export async function startGateway(t: TestContext, options: GatewayOptions = {}): Promise<Gateway> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kineska-test-gateway-'));
  const settings = { ...(await defaultSettings(options)), KINESKA_DATA_DIR: dataDir };
  const gateway = await begin({ ...settings, ...options.settings }, t);
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  return gateway;
}

async function defaultSettings({ embedded = false }: GatewayOptions) {
  const names = ['KINESIS', 'KAFKA', 'OPS'];
  if (embedded) names.push('DYNAMODB', 'EMBEDDED_KAFKA');
  const ports: Record<string, string> = {};
  for (const name of names) ports[`KINESKA_${name}_PORT`] = String(await freePort());
  if (embedded) return ports;
  const { kafkaBootstrap, dynamodbEndpoint } = await sharedEngines();
  return {
    ...ports,
    KINESKA_KAFKA_BOOTSTRAP: kafkaBootstrap,
    KINESKA_DYNAMODB_ENDPOINT: dynamodbEndpoint,
  };
}

/** The bundle where it is built, as `npm start` runs it; else the sources. */
export function commandLine(): readonly string[] {
  return existsSync('dist/kineska.mjs') ? ['dist/kineska.mjs'] : ['--import', 'tsx', 'src/main.ts'];
}

async function begin(settings: Readonly<Record<string, string>>, t: TestContext): Promise<Gateway> {
  const child = spawn(process.execPath, [...commandLine(), 'start'], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await once(child, 'exit');
    clearTimeout(timer);
  });
  await ready(child, () => output);
  const port = (name: string) => settings[`KINESKA_${name}_PORT`] ?? '';
  return {
    kinesis: `http://127.0.0.1:${port('KINESIS')}`,
    kinesisTls: `https://127.0.0.1:${port('KINESIS')}`,
    kafka: `127.0.0.1:${port('KAFKA')}`,
    dynamodb: settings['KINESKA_DYNAMODB_ENDPOINT'] ?? `http://127.0.0.1:${port('DYNAMODB')}`,
    operations: `http://127.0.0.1:${port('OPS')}`,
    dataDir: settings['KINESKA_DATA_DIR'] ?? '',
    child,
    output: () => output,
    async stop() {
      child.kill('SIGINT');
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
    again: () => begin(settings, t),
  };
}

function ready(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(`not ready in ${readyTimeoutMs} ms`), readyTimeoutMs);
    const fail = (how: string) => {
      clearTimeout(timer);
      reject(new Error(`the gateway: ${how}\n${output()}`));
    };
    child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
    child.stdout?.on('data', () => {
      if (!output().includes('kineska is ready.')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
