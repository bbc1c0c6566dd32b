/** What docs/troubleshooting.md says that a failed start prints is what it prints. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { takeDataFolder } from '../../adapters/engines/data-folder.ts';
import { sharedEngines } from '../support/engines.ts';
import { commandLine } from '../support/gateway.ts';

const { kafkaBootstrap } = await sharedEngines();
const page = readFileSync('docs/troubleshooting.md', 'utf8');
const promised = [...page.matchAll(/^```text\n(kineska: .+)\n```$/gm)].map(([, text]) => text!);

/** Nothing listens there; a privileged port that no service has. */
const deadAddress = '127.0.0.1:1';
const portNames = ['KINESIS', 'KAFKA', 'DYNAMODB', 'OPS', 'EMBEDDED_KAFKA'];
const anyPorts = Object.fromEntries(portNames.map((name) => [`KINESKA_${name}_PORT`, '0']));

type Settings = Readonly<Record<string, string>>;

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-sentences-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a gateway that ends at once; answers its exit code and what it says as it ends. */
async function failedStart(t: TestContext, settings: Settings) {
  const folder = await newFolder(t);
  const dataDir = settings['KINESKA_DATA_DIR'] ?? join(folder, 'data');
  const child = spawn(process.execPath, [...commandLine(), 'start'], {
    env: { ...process.env, ...anyPorts, KINESKA_DATA_DIR: dataDir, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const cacheDir = settings['KINESKA_CACHE_DIR'] ?? dataDir;
  const shown = said.trim().replaceAll(dataDir, '.kineska');
  return { code, said: shown.replaceAll(cacheDir, '~/.cache/kineska') };
}

/** A folder for PATH with these commands only: a link, or a script that says this. */
async function onlyCommands(
  t: TestContext,
  commands: Readonly<Record<string, { readonly link: string } | { readonly says: string }>>,
): Promise<string> {
  const folder = await newFolder(t);
  for (const [name, command] of Object.entries(commands)) {
    const file = join(folder, name);
    if ('link' in command) {
      await symlink(command.link, file);
    } else {
      await writeFile(file, `#!/bin/sh\necho '${command.says}' >&2\n`);
      await chmod(file, 0o755);
    }
  }
  return folder;
}

function pathOf(command: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, command)).find((file) => isThere(file));
  assert.ok(found, `${command} is needed`);
  return found;
}

function isThere(file: string): boolean {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
}

async function takenPort(t: TestContext): Promise<string> {
  const server = createServer();
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return String((server.address() as AddressInfo).port);
}

async function newFile(t: TestContext): Promise<string> {
  const file = join(await newFolder(t), 'file');
  await writeFile(file, '');
  return file;
}

/** A folder that another instance has, which is this process. */
async function takenFolder(t: TestContext): Promise<string> {
  const path = join(await newFolder(t), 'taken');
  await mkdir(path);
  const taken = await takeDataFolder(path, false);
  t.after(() => taken.release());
  return path;
}

const ways: Readonly<Record<string, (t: TestContext) => Promise<Settings>>> = {
  'no Java': async (t) => ({ PATH: await onlyCommands(t, {}), JAVA_HOME: '' }),
  'an older Java': async (t) => ({
    PATH: await onlyCommands(t, { java: { says: 'openjdk version "11.0.20" 2023-07-18' } }),
    JAVA_HOME: '',
  }),
  'no Maven': async (t) => ({
    PATH: await onlyCommands(t, { java: { link: pathOf('java') } }),
    JAVA_HOME: '',
    KINESKA_CACHE_DIR: await newFolder(t),
  }),
  'a port in use': async (t) => ({ KINESKA_KINESIS_PORT: await takenPort(t) }),
  'a data folder that is a file': async (t) => ({ KINESKA_DATA_DIR: await newFile(t) }),
  'a folder of engines that is a file': async (t) => ({ KINESKA_CACHE_DIR: await newFile(t) }),
  'a certificate that is not there': async () => ({
    KINESKA_TLS_CERT: 'missing.pem',
    KINESKA_TLS_KEY: 'missing.pem',
  }),
  'a data folder in use': async (t) => ({ KINESKA_DATA_DIR: await takenFolder(t) }),
  'an address that others reach': async () => ({ KINESKA_HOST: '0.0.0.0' }),
  'a misspelt setting': async () => ({ KINESKA_KINESIS_PRT: '1' }),
  'no cluster': async () => ({
    KINESKA_KAFKA_BOOTSTRAP: deadAddress,
    KINESKA_DYNAMODB_ENDPOINT: `http://${deadAddress}`,
  }),
  'no DynamoDB': async () => ({
    KINESKA_KAFKA_BOOTSTRAP: kafkaBootstrap,
    KINESKA_DYNAMODB_ENDPOINT: `http://${deadAddress}`,
  }),
};

/** Ports, process ids and versions differ. */
const withoutNumbers = (text: string): string => text.replaceAll(/\d+/g, 'N');

test(
  'docs/troubleshooting.md has the sentences of failed starts',
  { timeout: 240_000 },
  async (t) => {
    assert.equal(promised.length, Object.keys(ways).length, 'each is on the page once');
    const known = promised.map(withoutNumbers);
    for (const [name, settingsOf] of Object.entries(ways)) {
      await t.test(name, async (inner) => {
        const { code, said } = await failedStart(inner, await settingsOf(inner));
        assert.ok(known.includes(withoutNumbers(said)), `not on the page:\n${said}`);
        assert.ok(code === 1 || code === 2, `it ended with ${code}`);
      });
    }
  },
);
