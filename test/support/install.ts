/**
 * What client tests need beyond Node is installed once, by package name, into `.cache` of this
 * checkout: a Python environment, a Go program, Java jars, kcat.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { resolveJars } from '../../adapters/engines/maven.ts';
import { defaultCacheFolder } from '../../adapters/engines/cache-folder.ts';
import { resolveKafka } from '../../adapters/engines/embedded-kafka.ts';
import { javaCommand } from '../../adapters/engines/java.ts';

const cache = resolve('.cache');
const installTimeoutMs = 10 * 60_000;
const hashDigits = 12;
const outputBytesMax = 256 * 1024 * 1024;

const progress = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

export type RunOptions = {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly timeoutMs?: number;
};

const runTimeoutMs = 120_000;

/** Runs a program to its end and answers its standard output; what it printed, where it fails. */
export function run(
  command: string,
  argumentsGiven: readonly string[],
  { input = '', environment, folder, timeoutMs = runTimeoutMs }: RunOptions = {},
): Promise<string> {
  return new Promise((done, failed) => {
    const child = execFile(
      command,
      argumentsGiven,
      {
        cwd: folder,
        env: { ...process.env, ...environment },
        timeout: timeoutMs,
        maxBuffer: outputBytesMax,
      },
      (error, out, said) => {
        if (error === null) return done(out);
        const how = `${command} ${argumentsGiven.join(' ')}: ${error.message}`;
        failed(new Error(`${how}\n${out.slice(-2_000)}\n${said.slice(-4_000)}`));
      },
    );
    // A program that ends without reading its input is judged by how it ends.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Makes a folder once for these inputs; it appears whole, or not at all. */
async function once(
  name: string,
  inputs: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(readFileSync(input));
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, hashDigits)}`);
  if (existsSync(folder)) return folder;
  progress(`Installing ${name} for the tests, once …`);
  const partial = `${folder}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await make(partial);
  try {
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The python of an environment with the pinned clients. */
export async function python(): Promise<string> {
  const requirements = 'test/clients/requirements.txt';
  const timeoutMs = installTimeoutMs;
  const folder = await once('python', [requirements], async (into) => {
    await run('python3', ['-m', 'venv', into], { timeoutMs });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(join(into, 'bin/python'), [...pip, '-r', requirements], { timeoutMs });
  });
  return join(folder, 'bin/python');
}

/** The franz-go program of test/clients/franz-go. */
export async function franzGo(): Promise<string> {
  const source = 'test/clients/franz-go';
  const inputs = ['main.go', 'go.mod', 'go.sum'].map((file) => join(source, file));
  const folder = await once('franz-go', inputs, async (into) => {
    const output = join(into, 'franz');
    await run('go', ['build', '-o', output, '.'], { folder: source, timeoutMs: installTimeoutMs });
  });
  return join(folder, 'franz');
}

/** The jars of the Kafka distribution, its console tools among them. */
async function kafkaClassPath(): Promise<string> {
  const { jars } = await resolveKafka(defaultCacheFolder(), progress);
  return jars.join(delimiter);
}

/** Runs one of Kafka's own tools, such as `org.apache.kafka.tools.TopicCommand`. */
export async function kafkaTool(
  mainClass: string,
  argumentsGiven: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const classPath = await kafkaClassPath();
  const quiet = '-Dlog4j2.level=ERROR';
  const java = ['-Xmx256m', '-XX:TieredStopAtLevel=1', quiet, '-cp', classPath, mainClass];
  return run(javaCommand(), [...java, ...argumentsGiven], options);
}

/** Compiles the Kafka programs of test/clients/java and runs one. */
export async function kafkaProgram(
  mainClass: string,
  argumentsGiven: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const classPath = await kafkaClassPath();
  const source = 'test/clients/java/KafkaClient.java';
  const classes = await once('java-kafka', [source], async (into) => {
    await run('javac', ['-cp', classPath, '-d', into, source]);
  });
  const java = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=ERROR'];
  const path = [classes, classPath].join(delimiter);
  return run(javaCommand(), [...java, '-cp', path, mainClass, ...argumentsGiven], options);
}

/** Compiles the AWS programs of test/clients/java, with KCL on the class path, and runs one. */
export async function awsProgram(
  mainClass: string,
  argumentsGiven: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const pom = 'test/clients/java/pom.xml';
  const { jars } = await resolveJars('test-clients', pom, defaultCacheFolder(), progress);
  const classPath = jars.join(delimiter);
  const source = 'test/clients/java/AwsClient.java';
  const classes = await once('java-aws', [source, pom], async (into) => {
    await run('javac', ['-cp', classPath, '-d', into, source]);
  });
  const java = ['-Xmx256m', '-XX:TieredStopAtLevel=1'];
  const path = [classes, classPath].join(delimiter);
  return run(javaCommand(), [...java, '-cp', path, mainClass, ...argumentsGiven], options);
}

const kcatPackages = ['kcat', 'librdkafka1', 'libyajl2'];

export type Kcat = (argumentsGiven: readonly string[], options?: RunOptions) => Promise<string>;

/**
 * kcat as Debian packs it: the installed one, else unpacked from its packages without installing.
 * Undefined where the machine is no Debian and has no kcat.
 */
export async function kcat(): Promise<Kcat | undefined> {
  if (await succeeds('kcat', ['-V'])) return (given, options) => run('kcat', given, options);
  if (!(await succeeds('apt-get', ['--version']))) return undefined;
  const folder = await once('kcat', ['test/clients/requirements.txt'], async (into) => {
    if (!(await succeeds('apt-cache', ['show', 'kcat']))) await run('apt-get', ['update']);
    await run('apt-get', ['download', ...kcatPackages], { folder: into });
    for (const file of readdirSync(into).filter((each) => each.endsWith('.deb'))) {
      await run('dpkg', ['-x', join(into, file), into]);
    }
  });
  const libraries = readdirSync(join(folder, 'usr/lib')).map((each) =>
    join(folder, 'usr/lib', each),
  );
  const environment = { LD_LIBRARY_PATH: libraries.join(delimiter) };
  return (given, options) => run(join(folder, 'usr/bin/kcat'), given, { ...options, environment });
}

async function succeeds(command: string, argumentsGiven: readonly string[]): Promise<boolean> {
  try {
    await run(command, argumentsGiven);
    return true;
  } catch {
    // Missing, or of no use: either way it cannot serve.
    return false;
  }
}
