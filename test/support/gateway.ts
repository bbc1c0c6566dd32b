/** The product as users run it: `kineska start` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startGuard } from '../../adapters/engines/engine-process.ts';
import { freePort } from '../../adapters/engines/free-port.ts';
import { sharedEngines } from './engines.ts';

const readyTimeoutMs = 90_000;
const stopTimeoutMs = 15_000;
/** Of its log, shown when a test of the file failed. */
const logLinesMax = 40;

export type Gateway = {
  readonly kinesis: string;
  readonly kinesisTls: string;
  /** File of the certificate that it made for itself. */
  readonly certificate: string;
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
  /** SIGKILL to it and to the engines that it started; answers their process ids. */
  kill9(): Promise<readonly number[]>;
  /** Starts the same again: same ports, same data. */
  again(): Promise<Gateway>;
};

export type GatewayOptions = {
  /** Engines of its own, as `npm start` has them. */
  readonly embedded?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
};

/**
 * Starts it and waits until it says that it is ready; ended, and its folder removed, after `t`.
 * What it printed and logged is shown if any test of the file fails. It ends with this process,
 * however that ends.
 */
export async function startGateway(t: TestContext, options: GatewayOptions = {}): Promise<Gateway> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kineska-test-gateway-'));
  const started: Started[] = [];
  t.after(async () => {
    for (const { child } of started) await end(child);
    for (const { output } of started) showOnFailure(output());
    showOnFailure(logTail(dataDir));
    await rm(dataDir, { recursive: true, force: true });
  });
  const settings = { ...(await defaultSettings(options)), KINESKA_DATA_DIR: dataDir };
  return begin({ ...settings, ...options.settings }, started);
}

async function defaultSettings({ embedded = false }: GatewayOptions) {
  const names = ['KINESIS', 'KAFKA', 'OPS'];
  if (embedded) names.push('DYNAMODB', 'EMBEDDED_KAFKA');
  // Rates are for tests that are about them.
  const settings: Record<string, string> = { KINESKA_LIMITS: 'off' };
  for (const name of names) settings[`KINESKA_${name}_PORT`] = String(await freePort());
  if (embedded) return settings;
  const { kafkaBootstrap, dynamodbEndpoint } = await sharedEngines();
  return {
    ...settings,
    KINESKA_KAFKA_BOOTSTRAP: kafkaBootstrap,
    KINESKA_DYNAMODB_ENDPOINT: dynamodbEndpoint,
  };
}

/** The bundle where it is built from the sources as they are, as `npm start` runs it. */
export function commandLine(): readonly string[] {
  const bundle = 'dist/kineska.mjs';
  const fresh = existsSync(bundle) && statSync(bundle).mtimeMs >= newestSourceMs();
  return fresh ? [bundle] : ['--import', 'tsx', 'src/main.ts'];
}

function newestSourceMs(): number {
  const files = ['src', 'adapters'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

type Started = { readonly child: ChildProcess; output(): string };

async function begin(
  settings: Readonly<Record<string, string>>,
  started: Started[],
): Promise<Gateway> {
  const child = spawn(process.execPath, [...commandLine(), 'start'], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const guard = startGuard(child.pid!);
  child.once('exit', () => guard.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  started.push({ child, output: () => output });
  const dataDir = settings['KINESKA_DATA_DIR'] ?? '';
  await ready(child, () => output);
  const port = (name: string) => settings[`KINESKA_${name}_PORT`] ?? '';
  return {
    kinesis: `http://127.0.0.1:${port('KINESIS')}`,
    kinesisTls: `https://127.0.0.1:${port('KINESIS')}`,
    certificate: join(dataDir, 'tls', 'tls-certificate.pem'),
    kafka: `127.0.0.1:${port('KAFKA')}`,
    dynamodb: settings['KINESKA_DYNAMODB_ENDPOINT'] ?? `http://127.0.0.1:${port('DYNAMODB')}`,
    operations: `http://127.0.0.1:${port('OPS')}`,
    dataDir,
    child,
    output: () => output,
    async stop() {
      child.kill('SIGINT');
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
    kill9: () => kill9(child, dataDir),
    again: () => begin(settings, started),
  };
}

async function kill9(child: ChildProcess, dataDir: string): Promise<readonly number[]> {
  const { engines } = JSON.parse(readFileSync(join(dataDir, 'instance.json'), 'utf8')) as {
    engines: { pid: number }[];
  };
  const ended = once(child, 'exit');
  for (const { pid } of engines) process.kill(-pid, 'SIGKILL');
  child.kill('SIGKILL');
  await ended;
  return engines.map(({ pid }) => pid);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await once(child, 'exit');
  clearTimeout(timer);
}

function logTail(dataDir: string): string {
  const file = join(dataDir, 'logs', 'gateway.log');
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-logLinesMax).join('\n');
}

const toShow: string[] = [];

/** A failed subtest is known only when the whole file is done, so that is when it is shown. */
function showOnFailure(text: string): void {
  if (toShow.push(text) > 1) return;
  process.once('exit', (code) => {
    if (code === 0 && (process.exitCode ?? 0) === 0) return;
    for (const each of toShow) writeSync(2, `\n--- gateway:\n${each}\n`);
  });
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
