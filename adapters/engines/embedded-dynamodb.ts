/**
 * A real DynamoDB Local as a child process, run by the dynamodb-local package over the jars that
 * Maven resolved. The package starts `DynamoDBLocal.jar` in its install path; it only needs a jar
 * of that name whose manifest has the main class and the class path.
 */
import { crc32 } from 'node:zlib';
import { existsSync } from 'node:fs';
import { rename, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { basename, join } from 'node:path';
import { type EngineProcess, startEngine, waitUntilReady } from './engine-process.ts';
import { type JarSet, resolveJars } from './maven.ts';
import { packageRoot } from './package-root.ts';
import { makeFolder } from '../../src/runtime/make-folder.ts';

const mainClass = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner';
/** The folder that the package passes to Java for native libraries. */
const libraryFolder = 'DynamoDBLocal_lib';
const readyTimeoutMs = 60_000;
const probeTimeoutMs = 500;

export type DynamodbSettings = {
  /** The result of prepareDynamodb. */
  readonly installPath: string;
  readonly port: number;
  /** In memory if absent. */
  readonly folder?: string;
  readonly logFile: string;
  readonly heapMb: number;
};

/** Resolves the jars and lays out the install path. */
export async function prepareDynamodb(
  cacheFolder: string,
  progress: (sentence: string) => void,
): Promise<string> {
  const pom = join(packageRoot(), 'adapters/engines/dynamodb-local-pom.xml');
  const jars = await resolveJars('dynamodb-local', pom, cacheFolder, progress);
  const installPath = `${jars.folder}-install`;
  if (!existsSync(installPath)) await layOut(jars, installPath);
  return installPath;
}

/** Starts it and waits until it responds. Errors: `unavailable`. */
export async function startDynamodb(settings: DynamodbSettings): Promise<EngineProcess> {
  const { installPath, port, folder, logFile, heapMb } = settings;
  if (folder !== undefined) await makeFolder(folder);
  const launcher = join(packageRoot(), 'adapters/engines/dynamodb-launcher.mjs');
  const options = JSON.stringify({ installPath, port, dbPath: folder, heapMb });
  const engine = startEngine({
    name: 'DynamoDB Local',
    command: process.execPath,
    arguments: [launcher, options],
    logFile,
    environment: { ...process.env, AWS_JAVA_V1_DISABLE_DEPRECATION_ANNOUNCEMENT: 'true' },
  });
  await waitUntilReady(engine, () => answers(port), readyTimeoutMs);
  return engine;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, timeout: probeTimeoutMs }, (response) => {
      response.resume();
      resolve(true);
    });
    request.once('error', () => resolve(false));
    request.once('timeout', () => request.destroy(new Error('no answer')));
  });
}

/** Created under another name and renamed, so that no process finds an incomplete one. */
async function layOut(jars: JarSet, installPath: string): Promise<void> {
  const partial = `${installPath}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await makeFolder(partial);
  await symlink(jars.folder, join(partial, libraryFolder));
  const classPath = jars.jars.map((jar) => `${libraryFolder}/${basename(jar)}`).join(' ');
  await writeFile(join(partial, 'DynamoDBLocal.jar'), manifestJar(classPath));
  try {
    await rename(partial, installPath);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(installPath)) throw error;
  }
}

const manifestLineBytes = 70;

/** A jar with one entry, its manifest, stored without compression. */
function manifestJar(classPath: string): Buffer {
  const wrapped = [`Class-Path: ${classPath}`].flatMap((line) => {
    const pieces = [line.slice(0, manifestLineBytes)];
    for (let at = manifestLineBytes; at < line.length; at += manifestLineBytes - 1) {
      pieces.push(` ${line.slice(at, at + manifestLineBytes - 1)}`);
    }
    return pieces;
  });
  const lines = ['Manifest-Version: 1.0', `Main-Class: ${mainClass}`, ...wrapped, '', ''];
  return storedZip('META-INF/MANIFEST.MF', Buffer.from(lines.join('\r\n')));
}

/** Source: the ZIP file format specification, APPNOTE 6.3. */
function storedZip(name: string, data: Buffer): Buffer {
  const path = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(0x21, 8);
  common.writeUInt32LE(crc32(data), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(data.length, 18);
  common.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, path, data]);
  const tail = Buffer.alloc(14);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, tail, path]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
