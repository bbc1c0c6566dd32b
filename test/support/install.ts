/**
 * What client tests need beyond Node is installed once, by package name, into `.cache` of this
 * checkout: a Python environment, a Go program, Java jars, kcat.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { resolveJars } from '../../adapters/engines/maven.ts';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';
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
/** Programs that run for a second or two: a small heap, no time spent on optimising. */
const javaOptions = [
  ...['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=ERROR'],
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
];

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

const made = new Map<string, Promise<string>>();

/**
 * Makes a folder once for this content; it appears whole, or not at all, so that two processes
 * that make it at once, or one that is killed, leave no half of it.
 */
function once(
  name: string,
  content: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, hashDigits);
  const folder = join(cache, `${name}-${hash}`);
  const making = made.get(folder) ?? makeOnce(name, folder, make);
  made.set(folder, making);
  return making;
}

async function makeOnce(name: string, folder: string, make: (folder: string) => Promise<void>) {
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

function textOf(...files: readonly string[]): string {
  return files.map((file) => readFileSync(file, 'utf8')).join('\n');
}

/** Installs all that client tests need, side by side; what is there already takes no time. */
export async function installClients(): Promise<void> {
  await Promise.all([
    python(),
    franzGo(),
    awsGo(),
    kafkaGo(),
    kafkaClasses('KafkaClient'),
    javaClassPath('aws'),
    javaClassPath('kcl2'),
    javaClassPath('kpl'),
    kcat(),
  ]);
}

/** The python of an environment with the pinned clients. */
export async function python(): Promise<string> {
  const requirements = 'test/clients/requirements.txt';
  const timeoutMs = installTimeoutMs;
  const folder = await once('python', textOf(requirements), async (into) => {
    await run('python3', ['-m', 'venv', into], { timeoutMs });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(join(into, 'bin/python'), [...pip, '-r', requirements], { timeoutMs });
  });
  return join(folder, 'bin/python');
}

/** The franz-go program of test/clients/franz-go. */
export const franzGo = (): Promise<string> => goProgram('franz-go', 'franz');

/** The program of test/clients/aws-go, with the AWS SDK for Go 2. */
export const awsGo = (): Promise<string> => goProgram('aws-go', 'awsgo');

/** The program of test/clients/kafka-go, with segmentio's client. */
export const kafkaGo = (): Promise<string> => goProgram('kafka-go', 'kafkago');

async function goProgram(name: string, program: string): Promise<string> {
  const source = join('test/clients', name);
  const inputs = ['main.go', 'go.mod', 'go.sum'].map((file) => join(source, file));
  const folder = await once(name, textOf(...inputs), async (into) => {
    const output = join(into, program);
    await run('go', ['build', '-o', output, '.'], { folder: source, timeoutMs: installTimeoutMs });
  });
  return join(folder, program);
}

/** A copy of a folder of docs/examples, so that what its program installs is kept between runs. */
export function exampleFolder(name: string): Promise<string> {
  const source = join('docs/examples', name);
  const entries = readdirSync(source, { withFileTypes: true });
  const files = entries.filter((each) => each.isFile()).map((each) => each.name);
  const content = textOf(...files.map((file) => join(source, file)));
  return once(`example-${name}`, content, async (into) => {
    for (const file of files) await copyFile(join(source, file), join(into, file));
  });
}

/** Runs franz-go's own tests of its package kgo; answers what they print, also if they fail. */
export async function kgoTests(
  argumentsGiven: readonly string[],
  options: RunOptions,
): Promise<string> {
  const program = 'test/clients/franz-go';
  const sources = ['go.mod', 'go.sum'].map((file) => join(program, file));
  const folder = await once('kgo-tests', textOf(...sources), async (into) => {
    const found = ['list', '-m', '-f', '{{.Dir}}', 'github.com/twmb/franz-go'];
    await run('go', ['mod', 'download'], { folder: program, timeoutMs: installTimeoutMs });
    const source = (await run('go', found, { folder: program })).trim();
    await run('cp', ['-r', '--no-preserve=mode', `${source}/.`, into]);
    const compile = ['test', '-c', '-o', 'kgo.test', './pkg/kgo'];
    await run('go', compile, { folder: into, timeoutMs: installTimeoutMs });
  });
  // Some of them read the sources beside them. That some fail is for the caller to judge.
  const command = ['-c', '"$0" "$@"; true', join(folder, 'kgo.test'), ...argumentsGiven];
  return run('sh', command, { ...options, folder: join(folder, 'pkg/kgo') });
}

/** The jars of the Kafka distribution, its console tools among them. */
async function kafkaClassPath(): Promise<string> {
  const { jars } = await resolveKafka(defaultCacheFolder(process.env), progress);
  return jars.join(delimiter);
}

/** Runs one of Kafka's own tools, such as `org.apache.kafka.tools.TopicCommand`. */
export async function kafkaTool(
  mainClass: string,
  argumentsGiven: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const classPath = await kafkaClassPath();
  const java = [...javaOptions, '-cp', classPath, mainClass];
  return run(javaCommand(), [...java, ...argumentsGiven], options);
}

type KafkaProgram = 'KafkaClient' | 'AdminSurface';

async function kafkaClasses(main: KafkaProgram): Promise<string> {
  const classPath = await kafkaClassPath();
  const source = `test/clients/java/${main}.java`;
  const name = main === 'KafkaClient' ? 'java-kafka' : 'java-kafka-admin';
  const pom = 'adapters/engines/kafka-pom.xml';
  const classes = await once(name, textOf(source, pom), async (into) => {
    await run('javac', ['-nowarn', '-cp', classPath, '-d', into, source]);
  });
  return [classes, classPath].join(delimiter);
}

/** Runs the kafka-clients program of test/clients/java. */
export async function kafkaProgram(
  argumentsGiven: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const [command, ...given] = await kafkaCommandLine(argumentsGiven);
  return run(command, given, options);
}

/** The same program's command line, for those that start it themselves. */
export async function kafkaCommandLine(
  argumentsGiven: readonly string[],
): Promise<readonly [command: string, ...given: string[]]> {
  const java = [...javaOptions, '-cp', await kafkaClasses('KafkaClient'), 'KafkaClient'];
  return [javaCommand(), ...java, ...argumentsGiven];
}

/** Runs every call of Java's Admin; see AdminSurface.java. */
export async function adminProgram(argumentsGiven: readonly string[]): Promise<string> {
  const quiet = '-Dlog4j2.level=OFF';
  const java = [...javaOptions, quiet, '-cp', await kafkaClasses('AdminSurface'), 'AdminSurface'];
  return run(javaCommand(), [...java, ...argumentsGiven]);
}

/** The Java programs of test/clients/java: the class that is run, and the pom of what it needs. */
const javaPrograms = {
  aws: { main: 'AwsClient', pom: 'pom.xml' },
  kcl3: { main: 'KclWorker', pom: 'pom.xml' },
  kcl2: { main: 'KclWorker', pom: 'kcl2-pom.xml' },
  kcl1: { main: 'KclOneWorker', pom: 'kcl1-pom.xml' },
  kpl: { main: 'KplProducer', pom: 'kpl-pom.xml' },
  streams: { main: 'StreamsApp', pom: 'streams-pom.xml' },
} as const;

export type JavaProgram = keyof typeof javaPrograms;

async function javaClassPath(program: JavaProgram): Promise<string> {
  const folder = 'test/clients/java';
  const { main, pom } = javaPrograms[program];
  const pomFile = join(folder, pom);
  const name = `test-${pom === 'pom.xml' ? 'clients' : pom.replace('-pom.xml', '')}`;
  const { jars } = await resolveJars(name, pomFile, defaultCacheFolder(process.env), progress);
  const classPath = jars.join(delimiter);
  const source = join(folder, `${main}.java`);
  const classes = await once(`java-${program}`, textOf(source, pomFile), async (into) => {
    await run('javac', ['-cp', classPath, '-d', into, source]);
  });
  return [classes, classPath].join(delimiter);
}

/** The command line of a main class of Kafka Connect, MirrorMaker 2 among them. */
export async function connectCommandLine(
  mainClass: string,
  argumentsGiven: readonly string[],
): Promise<readonly [command: string, ...given: string[]]> {
  const pom = 'test/clients/java/connect-pom.xml';
  const { jars } = await resolveJars(
    'test-connect',
    pom,
    defaultCacheFolder(process.env),
    progress,
  );
  const java = [...javaOptions, '-cp', jars.join(delimiter), mainClass];
  return [javaCommand(), ...java, ...argumentsGiven];
}

export type JavaOptions = RunOptions & { readonly properties?: readonly string[] };

/** The command line of a Java program of the tests, for those that start it themselves. */
export async function javaCommandLine(
  program: JavaProgram,
  argumentsGiven: readonly string[],
  properties: readonly string[] = [],
): Promise<readonly [command: string, ...given: string[]]> {
  const java = [...javaOptions, ...properties, '-cp', await javaClassPath(program)];
  return [javaCommand(), ...java, javaPrograms[program].main, ...argumentsGiven];
}

/** Runs a Java program of the tests to its end; answers what it printed. */
export async function javaProgram(
  program: JavaProgram,
  argumentsGiven: readonly string[],
  options?: JavaOptions,
): Promise<string> {
  const [command, ...given] = await javaCommandLine(program, argumentsGiven, options?.properties);
  return run(command, given, options);
}

/** Runs the program of test/clients/java with the AWS SDK for Java 2. */
export function awsProgram(
  argumentsGiven: readonly string[],
  options?: JavaOptions,
): Promise<string> {
  return javaProgram('aws', argumentsGiven, options);
}

/**
 * amazon_kclpy, as a folder for PYTHONPATH. Its installation wants to download jars by itself; the
 * daemon that it works with comes with KCL 1's own jar.
 */
export async function kclpy(): Promise<string> {
  const release = 'amazon_kclpy-1.5.1';
  const py = await python();
  const folder = await once('kclpy', release, async (into) => {
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:'];
    await run(py, [...pip, '--dest', into, release.replace('-', '==')]);
    await run('tar', ['-xzf', join(into, `${release}.tar.gz`), '-C', into]);
  });
  return join(folder, release);
}

/** The command line of KCL 1's MultiLangDaemon with `kcl.properties` of a folder. */
export async function multiLangDaemon(
  propertiesFolder: string,
): Promise<readonly [command: string, ...given: string[]]> {
  const classPath = [propertiesFolder, await javaClassPath('kcl1')].join(delimiter);
  const main = 'com.amazonaws.services.kinesis.multilang.MultiLangDaemon';
  return [javaCommand(), ...javaOptions, '-cp', classPath, main, 'kcl.properties'];
}

/** A trust store for Java with one certificate, at a path that does not exist yet. */
export async function javaTrustStore(
  certificate: string,
  file: string,
): Promise<readonly string[]> {
  const password = 'not-a-secret';
  await run('keytool', [
    ...['-importcert', '-noprompt', '-alias', 'gateway', '-file', certificate],
    ...['-keystore', file, '-storepass', password],
  ]);
  return [`-Djavax.net.ssl.trustStore=${file}`, `-Djavax.net.ssl.trustStorePassword=${password}`];
}

export type Kcat = (argumentsGiven: readonly string[], options?: RunOptions) => Promise<string>;

/**
 * kcat as Debian packs it: the installed one, else unpacked from its packages without installing.
 * Undefined where the machine is no Debian and has no kcat.
 */
export async function kcat(): Promise<Kcat | undefined> {
  const command = await kcatCommand();
  if (command === undefined) return undefined;
  const { line, environment } = command;
  return (given, options) => run(line[0], given, { ...options, environment });
}

type Command = {
  readonly line: readonly [string];
  readonly environment: Readonly<Record<string, string>>;
};

/** The same for scripts that call kcat themselves. */
export async function kcatCommand(): Promise<Command | undefined> {
  if (await succeeds('kcat', ['-V'])) return { line: ['kcat'], environment: {} };
  if (!(await succeeds('apt-get', ['--version']))) return undefined;
  const folder = await once('kcat', 'kcat', async (into) => {
    if (!(await succeeds('apt-cache', ['show', 'kcat']))) await run('apt-get', ['update']);
    await run('apt-get', ['download', ...(await kcatPackages())], { folder: into });
    for (const file of readdirSync(into).filter((each) => each.endsWith('.deb'))) {
      await run('dpkg', ['-x', join(into, file), into]);
    }
  });
  const libraries = ['usr/lib', 'lib']
    .map((path) => join(folder, path))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path).map((each) => join(path, each)));
  const environment = { LD_LIBRARY_PATH: libraries.join(delimiter) };
  return { line: [join(folder, 'usr/bin/kcat')], environment };
}

/** kcat and of the libraries that it needs those that are not installed. */
async function kcatPackages(): Promise<string[]> {
  const others = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
  const listed = await run('apt-cache', [
    ...['depends', '--recurse', ...others.map((each) => `--no-${each}`), 'kcat'],
  ]);
  const names = listed.split('\n').filter((line) => /^[a-z0-9]/.test(line));
  const installed = await Promise.all(names.map((name) => succeeds('dpkg', ['-s', name])));
  return names.filter((_, index) => !installed[index]);
}

/** A package that contains the browser, so that no installer is needed. */
const chromiumPackage = '@sparticuz/chromium@147.0.0';
const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * The path of a Chromium: from CHROMIUM_PATH, an installed one, or one from a package for Linux on
 * x64. Fails if none of them runs, with what it printed.
 */
export async function chromium(): Promise<string> {
  const named = process.env['CHROMIUM_PATH'];
  for (const name of named === undefined ? chromiumNames : [named]) {
    if (await succeeds(name, ['--version'])) return name;
  }
  const folder = await once('chromium', chromiumPackage, async (into) => {
    const npm = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', into];
    await run('npm', [...npm, chromiumPackage], { folder: into, timeoutMs: installTimeoutMs });
    const unpack =
      "import('@sparticuz/chromium').then(({ default: packed }) => packed.executablePath())";
    await run(process.execPath, ['-e', unpack], { folder: into, environment: { TMPDIR: into } });
  });
  const program = join(folder, 'chromium');
  await run(program, ['--version']);
  return program;
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
