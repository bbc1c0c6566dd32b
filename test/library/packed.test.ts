/** The package as its users get it: packed, installed into an empty project, imported and run. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { untilTrue } from '../support/until.ts';

const run = promisify(execFile);
const timeout = 240_000;

describe('the packed package', () => {
  let project: string;

  before(async () => {
    project = await mkdtemp(join(tmpdir(), 'kineska-project-'));
    await run('npm', ['pack', '--silent', '--pack-destination', project], { timeout });
    const [tarball] = (await readdir(project)).filter((file) => file.endsWith('.tgz'));
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
    const packages = [`./${tarball}`, '@aws-sdk/client-kinesis@3', 'kafkajs@2'];
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
    await run('npm', ['install', ...quiet, ...packages], { cwd: project, timeout });
    return () => rm(project, { recursive: true, force: true });
  });

  test('startKineska serves both protocols on free ports, and stop() leaves nothing', async () => {
    await writeFile(join(project, 'use.mjs'), program);
    const { stdout } = await run(process.execPath, ['use.mjs'], { cwd: project, timeout });
    const seen = JSON.parse(stdout) as Seen;
    assert.deepEqual(seen.values, ['hello']);
    assert.equal(seen.region, 'eu-west-1');
    assert.match(seen.ready, /^HTTP 200/);
    assert.equal(existsSync(seen.dataDir), false, 'the data folder is removed');
    assert.equal(seen.afterStop, 'ECONNREFUSED');
  });

  test('a wrong setting is an Error with the sentence that the command line has', async () => {
    await writeFile(join(project, 'wrong.mjs'), wrongProgram);
    const { stdout } = await run(process.execPath, ['wrong.mjs'], { cwd: project, timeout });
    assert.match(stdout, /--kinesis-prot is no setting of kineska. Did you mean --kinesis-port\?/);
  });

  test('the gateway ends with a program that ends without stop()', async () => {
    await writeFile(join(project, 'leave.mjs'), leavingProgram);
    const { stdout } = await run(process.execPath, ['leave.mjs'], { cwd: project, timeout });
    const { dataDir } = JSON.parse(stdout) as { dataDir: string };
    await untilTrue('it stops and removes its data', () => !existsSync(dataDir));
  });

  test('types are there: options and endpoints are checked by a TypeScript project', async () => {
    await writeFile(join(project, 'use.ts'), typedProgram);
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const options = ['--module', 'nodenext', '--strict', '--noEmit', '--target', 'es2022'];
    const types = ['--types', 'node', '--typeRoots', resolve('node_modules/@types')];
    await run(process.execPath, [tsc, '--ignoreConfig', ...options, ...types, 'use.ts'], {
      cwd: project,
      timeout,
    });
  });

  test('npx kineska start works', async (t) => {
    const ports = ['kinesis', 'kafka', 'dynamodb', 'ops', 'embedded-kafka'];
    const flags = ports.map((name) => `--${name}-port=0`);
    const command = ['--no-install', 'kineska', 'start', '--ephemeral', ...flags];
    const child = spawn('npx', command, { cwd: project, detached: true });
    t.after(() => {
      if (child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid!, 'SIGKILL');
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    while (!output.includes('kineska is ready.')) {
      assert.equal(child.exitCode, null, output);
      await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    }
    // As Ctrl-C does: to npx and to what it runs.
    process.kill(-child.pid!, 'SIGINT');
    await once(child, 'exit');
    const folder = /Data\s+(\S+) \(thrown away/.exec(output)?.[1];
    assert.equal(existsSync(folder!), false, 'its data folder is removed');
  });
});

type Seen = {
  readonly values: readonly string[];
  readonly region: string;
  readonly ready: string;
  readonly dataDir: string;
  readonly afterStop: string;
};

const program = `
import { CreateStreamCommand, KinesisClient, PutRecordCommand, waitUntilStreamExists }
  from '@aws-sdk/client-kinesis';
import { Kafka, logLevel } from 'kafkajs';
import { startKineska } from 'kineska';

const kineska = await startKineska({ settings: { region: 'eu-west-1', limits: 'off' } });
const { kinesis: endpoint, region, credentials, dataDir } = kineska;
const client = new KinesisClient({ endpoint, region, credentials });
await client.send(new CreateStreamCommand({ StreamName: 'orders', ShardCount: 1 }));
await waitUntilStreamExists({ client, maxWaitTime: 30 }, { StreamName: 'orders' });
await client.send(new PutRecordCommand({
  StreamName: 'orders', PartitionKey: 'a', Data: Buffer.from('hello'),
}));
const kafka = new Kafka({ brokers: [kineska.kafka], logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: 'readers' });
await consumer.connect();
await consumer.subscribe({ topic: 'orders', fromBeginning: true });
const values = await new Promise((resolve) => {
  consumer.run({ eachMessage: async ({ message }) => resolve([message.value.toString()]) });
});
await consumer.disconnect();
client.destroy();
const ready = await fetch(kineska.operations + '/readyz').then(({ status }) => 'HTTP ' + status);
await kineska.stop();
await kineska.stop();
const afterStop = await fetch(endpoint).then(() => 'answered', ({ cause }) => cause.code);
console.log(JSON.stringify({ values, region, ready, dataDir, afterStop }));
`;

const wrongProgram = `
import { startKineska } from 'kineska';
await startKineska({ settings: { kinesisProt: 1 } }).catch(({ message }) => console.log(message));
`;

const leavingProgram = `
import { startKineska } from 'kineska';
const { dataDir } = await startKineska();
console.log(JSON.stringify({ dataDir }));
`;

const typedProgram = `
import { type Kineska, startKineska } from 'kineska';
import { md5RangePartitioner } from 'kineska/partitioners';

export async function use(): Promise<string> {
  const kineska: Kineska = await startKineska({ settings: { workers: 1 }, readyTimeoutMs: 60_000 });
  // @ts-expect-error There is no such endpoint.
  kineska.zookeeper;
  await kineska.stop();
  return [kineska.kinesis, kineska.kafka, typeof md5RangePartitioner].join();
}
`;
