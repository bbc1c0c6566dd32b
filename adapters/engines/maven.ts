/**
 * Resolves the jars of an engine once, with Maven, into a cache folder that all starts share. A
 * resolved set is a folder named after the pom's content; it appears by one rename, so concurrent
 * or killed processes never leave an incomplete set behind.
 */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../src/domain/errors.ts';
import { makeUsableFolder } from './usable-folder.ts';

/** How long Maven may take for one set of jars, even over a slow connection. */
const resolveTimeoutMs = 20 * 60_000;
const hashDigits = 12;

export type JarSet = {
  /** The folder with all jars (and native libraries) of the set. */
  readonly folder: string;
  readonly jars: readonly string[];
};

/** Sets that this process is resolving; concurrent callers wait for the same one. */
const underWay = new Map<string, Promise<void>>();

/**
 * Resolves the jars that a pom names, with their dependencies. `progress` receives a sentence when
 * Maven has to run. Errors: `unavailable`, with what to do, if Maven is missing or fails.
 */
export async function resolveJars(
  name: string,
  pomFile: string,
  cacheFolder: string,
  progress: (sentence: string) => void,
): Promise<JarSet> {
  const pom = await readFile(pomFile);
  const hash = createHash('sha256').update(pom).digest('hex').slice(0, hashDigits);
  const folder = join(cacheFolder, `${name}-${hash}`);
  if (!existsSync(folder)) {
    const resolving =
      underWay.get(folder) ?? resolveInto(folder, name, pomFile, cacheFolder, progress);
    underWay.set(folder, resolving);
    await resolving.finally(() => underWay.delete(folder));
  }
  const jars = (await readdir(folder)).filter((file) => file.endsWith('.jar')).toSorted();
  return { folder, jars: jars.map((jar) => join(folder, jar)) };
}

async function resolveInto(
  folder: string,
  name: string,
  pomFile: string,
  cacheFolder: string,
  progress: (sentence: string) => void,
): Promise<void> {
  await makeUsableFolder(cacheFolder, 'folder of the engines', 'cache-dir');
  const partial = `${folder}.partial-${process.pid}`;
  const logFile = join(cacheFolder, `maven-${name}.log`);
  progress(`Resolving ${name} by Maven, once (log: ${logFile}) …`);
  await rm(partial, { recursive: true, force: true });
  const argumentsOfMaven = [
    ...['--batch-mode', '--file', pomFile, 'dependency:copy-dependencies'],
    ...[`-DoutputDirectory=${partial}`, '-DincludeScope=runtime'],
  ];
  await runMaven(argumentsOfMaven, logFile, name, partial, progress);
  try {
    await rename(partial, folder);
  } catch (error) {
    // Another process has resolved the same set meanwhile; its folder is used.
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  progress(`Resolved ${name}.`);
}

const progressEveryMs = 3_000;

async function runMaven(
  argumentsOfMaven: readonly string[],
  logFile: string,
  name: string,
  partial: string,
  progress: (sentence: string) => void,
): Promise<void> {
  const log = await open(logFile, 'w');
  const timer = setInterval(() => {
    readdir(partial).then(
      (files) => progress(`  ${name}: ${files.length} files so far`),
      () => progress(`  ${name}: downloading`),
    );
  }, progressEveryMs);
  try {
    await new Promise<void>((resolve, reject) => {
      const maven = spawn('mvn', argumentsOfMaven, {
        stdio: ['ignore', log.fd, log.fd],
        timeout: resolveTimeoutMs,
      });
      maven.once('error', (cause) => reject(mavenMissing(cause)));
      maven.once('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(mavenFailed(code ?? signal, logFile));
      });
    });
  } finally {
    clearInterval(timer);
    await log.close();
  }
}

function mavenMissing(cause: Error): GatewayError {
  return new GatewayError(
    'unavailable',
    'Maven (mvn) is needed once, to resolve Kafka and DynamoDB Local, and was not found: install ' +
      'Maven, or name running engines with KINESKA_KAFKA_BOOTSTRAP and KINESKA_DYNAMODB_ENDPOINT.',
    { cause },
  );
}

function mavenFailed(how: number | string | null, logFile: string): GatewayError {
  return new GatewayError(
    'unavailable',
    `Maven could not resolve the engines' jars (it ended with ${how}): read ${logFile}, ` +
      'check the network and the settings of Maven, and start again.',
  );
}
