/**
 * kineska as a library: `import { startKineska } from 'kineska'` starts a gateway with its own
 * engines, for example for a test run. See docs/library.md.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A setting of docs/configuration.md, by its flag's name in camel case (`kinesisPort` is
 * --kinesis-port), or one of the options that only exist here.
 */
export type KineskaOptions = {
  /** Any setting: `{ limits: 'off', region: 'eu-west-1', workers: 2 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Receives the output of `kineska start`: the engines' first download, the ready block. */
  readonly onOutput?: (text: string) => void;
  /** How long the start may take, in ms; the first one downloads the engines. Default 300,000. */
  readonly readyTimeoutMs?: number;
};

/** The endpoints of a running gateway. Everything listens on loopback, on free ports. */
export type Kineska = {
  /** URL of the AWS port, for `endpoint` of an AWS SDK: HTTP/1.1 and HTTP/2 without TLS. */
  readonly kinesis: string;
  /** The same port over TLS, with the certificate below. */
  readonly kinesisTls: string;
  /** PEM file of the gateway's self-signed certificate. */
  readonly certificate: string;
  /** `host:port` for a Kafka client's bootstrap list. */
  readonly kafka: string;
  /** URL of the DynamoDB that holds the lease tables, for KCL. */
  readonly dynamodb: string;
  /** URL of /metrics, /healthz and /readyz. */
  readonly operations: string;
  readonly region: string;
  /** The folder of data and logs; stop() deletes it unless `ephemeral` is false. */
  readonly dataDir: string;
  /** Any credentials are accepted; SDKs require some. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /**
   * Stops the gateway and its engines, and deletes the data. Settles when all processes have ended;
   * it may be called again.
   */
  stop(): Promise<void>;
  /** `await using kineska = await startKineska()`. */
  [Symbol.asyncDispose](): Promise<void>;
};

/** The message from the gateway's process to the program that forked it. */
export type ReadyMessage = {
  readonly kineska: 'ready';
  readonly endpoints: Omit<Kineska, 'stop' | 'credentials' | typeof Symbol.asyncDispose>;
};

const readyTimeoutMsDefault = 300_000;
/** Stopping the gateway takes up to 9.5 s. */
const stopMsMax = 12_000;
/** How much of its output is shown if it did not start. */
const outputCharactersMax = 10_000;

/** Defaults: ephemeral data, free ports, and no log of requests. */
const defaults = {
  ephemeral: true,
  kinesisPort: 0,
  kafkaPort: 0,
  dynamodbPort: 0,
  opsPort: 0,
  embeddedKafkaPort: 0,
  logLevel: 'warn',
} as const;

/**
 * Starts a gateway, a real Apache Kafka and DynamoDB Local, each as a separate process that ends
 * with this one, however this one ends. Requires Java 17 or later, and Maven for the first start.
 *
 * Errors: Error with the message of `kineska start` if a setting is invalid, Java is missing, or it
 * is not ready in time; then nothing is left running.
 */
export async function startKineska(options: KineskaOptions = {}): Promise<Kineska> {
  const settings = { ...defaults, ...options.settings, stopWithParent: true };
  const flags = Object.entries(settings).map(([name, value]) => `--${flagOf(name)}=${value}`);
  const program = join(dirname(fileURLToPath(import.meta.url)), 'kineska.mjs');
  const child = fork(program, ['start', ...flags], {
    execArgv: ['--min-semi-space-size=8'],
    env: withoutSettings(process.env),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputCharactersMax);
      options.onOutput?.(text);
    });
  }
  try {
    const { endpoints } = await ready(child, options.readyTimeoutMs ?? readyTimeoutMsDefault);
    return kineskaOf(child, endpoints);
  } catch (cause) {
    await end(child);
    const [, sentence] = /^kineska: (.+)$/m.exec(output) ?? [];
    const why = sentence ?? `${(cause as Error).message}\n${output.trim()}`;
    throw new Error(`kineska did not start: ${why}`, { cause });
  }
}

function kineskaOf(child: ChildProcess, endpoints: ReadyMessage['endpoints']): Kineska {
  // If a test run ends while the gateway is running, the gateway ends by itself.
  child.unref();
  child.channel?.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as Socket).unref();
  const stop = () => end(child);
  return {
    ...endpoints,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The flag's name: `kinesisPort` is kinesis-port. */
function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Environment variables for the user's own gateway do not apply to this one. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([name]) => !name.startsWith('KINESKA_'));
  return Object.fromEntries(kept);
}

function ready(child: ChildProcess, timeoutMs: number): Promise<ReadyMessage> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`it was not ready in ${timeoutMs} ms.`));
    const timer = setTimeout(late, timeoutMs);
    child.once('error', reject);
    // Not at its exit event, so that its last output has been read.
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`it ended with ${signal ?? `exit code ${code}`}.`));
    });
    child.on('message', (message) => {
      if ((message as Partial<ReadyMessage>).kineska !== 'ready') return;
      clearTimeout(timer);
      resolve(message as ReadyMessage);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(timer);
}
