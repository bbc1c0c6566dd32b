/** `kineska start` as a process: what it prints, how it ends, what it leaves behind. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { commandLine, startGateway } from '../support/gateway.ts';
import { assertGone } from '../support/processes.ts';

await sharedEngines();

/** Runs it where it cannot start; answers exit code and what it said. */
function refused(settings: Readonly<Record<string, string>>, flags: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...commandLine(), 'start', ...flags],
    { env: { ...process.env, ...settings }, encoding: 'utf8', timeout: 60_000 },
  );
  return { status, stdout, stderr };
}

function enginesOf(dataDir: string): number[] {
  const { engines } = JSON.parse(readFileSync(join(dataDir, 'instance.json'), 'utf8')) as {
    engines: { pid: number }[];
  };
  return engines.map(({ pid }) => pid);
}

test('it prints one block and nothing else, and Ctrl-C ends it and its engines', async (t) => {
  const gateway = await startGateway(t, { embedded: true });
  assert.match(gateway.output(), /^(Resolv.*\n| {2}.*files so far\n)*\nkineska is ready\.\n/);
  const pids = enginesOf(gateway.dataDir);
  assert.equal(pids.length, 2);
  assert.equal(await gateway.stop(), 0);
  await assertGone(pids);
  assert.ok(gateway.output().endsWith("'%k: %s\\n'\n\n"), gateway.output());
  assert.doesNotMatch(gateway.output(), /warn|deprecat|SLF4J/i);
});

test('its engines end when it is killed; the next start uses the same data', async (t) => {
  const gateway = await startGateway(t, { embedded: true });
  const pids = enginesOf(gateway.dataDir);
  gateway.child.kill('SIGKILL');
  await assertGone(pids);
  const again = await gateway.again();
  assert.equal(await again.stop(), 0);
});

test('a folder in use, a port in use: a sentence that says what to do, exit code 1', async (t) => {
  const gateway = await startGateway(t);
  const settings = {
    KINESKA_DATA_DIR: gateway.dataDir,
    KINESKA_KAFKA_BOOTSTRAP: '127.0.0.1:1',
    KINESKA_DYNAMODB_ENDPOINT: gateway.dynamodb,
  };
  const folder = refused(settings);
  assert.equal(folder.status, 1);
  assert.match(folder.stderr, /^kineska: The data folder .* is in use .*--data-dir\.\n$/);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const address = taken.address();
  const port = String(typeof address === 'object' ? address?.port : 0);
  const other = { ...settings, KINESKA_DATA_DIR: `${gateway.dataDir}-2` };
  t.after(() => rmSync(other.KINESKA_DATA_DIR, { recursive: true, force: true }));
  const busy = refused(other, ['--kinesis-port', port, '--kafka-port', '0', '--ops-port', '0']);
  assert.equal(busy.status, 1);
  assert.match(
    busy.stderr,
    /^kineska: Port \d+ for the Kinesis API is taken .*--kinesis-port\.\n$/,
  );
});

test('no Kafka where one is named, no Java, no Maven: a sentence and exit code 1', async (t) => {
  const { dynamodbEndpoint } = await sharedEngines();
  const dataDir = `${t.name.length}-${process.pid}-lifecycle`;
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const ports = ['--kinesis-port', '0', '--kafka-port', '0', '--ops-port', '0'];
  const settings = {
    KINESKA_DATA_DIR: dataDir,
    KINESKA_DYNAMODB_ENDPOINT: dynamodbEndpoint,
    KINESKA_EMBEDDED_KAFKA_PORT: '0',
  };
  const noKafka = refused({ ...settings, KINESKA_KAFKA_BOOTSTRAP: '127.0.0.1:1' }, ports);
  assert.equal(noKafka.status, 1);
  assert.match(noKafka.stderr, /^kineska: Kafka at 127\.0\.0\.1:1 cannot be reached/);
  const noJava = refused({ ...settings, JAVA_HOME: '/nowhere' }, ports);
  assert.equal(noJava.status, 1);
  assert.match(noJava.stderr, /^kineska: Java 17 or later is needed/);
  const path = { ...settings, PATH: '/nowhere', KINESKA_CACHE_DIR: `${dataDir}/cache` };
  const noMaven = refused({ ...path, JAVA_HOME: javaHome() }, ports);
  assert.equal(noMaven.status, 1);
  assert.match(noMaven.stderr, /Maven \(mvn\) is needed once/);
});

/** The folder of the Java that is on the path. */
function javaHome(): string {
  const settings = ['-XshowSettings:properties', '-version'];
  const { stderr } = spawnSync('java', settings, { encoding: 'utf8' });
  return /java\.home = (.+)/.exec(stderr)?.[1]?.trim() ?? '';
}

test('an unknown setting is refused before anything is touched, with exit code 2', () => {
  const { status, stderr } = refused({ KINESKA_KINESIS_PROT: '1' });
  assert.equal(status, 2);
  assert.match(stderr, /^kineska: KINESKA_KINESIS_PROT .* KINESKA_KINESIS_PORT\?\n$/);
});

test('--ephemeral leaves nothing behind', async (t) => {
  const gateway = await startGateway(t, { settings: { KINESKA_EPHEMERAL: 'true' } });
  const folder = /Data +(\S+) \(thrown away at the end\)/.exec(gateway.output())?.[1];
  assert.ok(folder !== undefined && readdirSync(folder).includes('logs'));
  assert.equal(await gateway.stop(), 0);
  assert.throws(() => readdirSync(folder), /ENOENT/);
});
