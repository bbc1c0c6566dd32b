/** amazon_kclpy as users run it: a Python processor for each shard under the MultiLangDaemon. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { untilTrue } from '../support/until.ts';
import { startGateway } from '../support/gateway.ts';
import { kclpy, multiLangDaemon, python } from '../support/install.ts';
import { createStream, kinesisClient } from '../support/doors.ts';
import { assertAllInOrder, type KclRecord, putNumbered } from '../support/programs/kcl.ts';
import { linesOf } from '../support/checks/records.ts';

await sharedEngines();

const count = 2_000;
const deadlineMs = 120_000;
const timeout = 300_000;

function seenIn(folder: string): KclRecord[] {
  return readdirSync(folder).flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return linesOf<KclRecord>(text.slice(0, text.lastIndexOf('\n') + 1));
  });
}

test('Python processors under the MultiLangDaemon see every record', { timeout }, async (t) => {
  const gateway = await startGateway(t, { settings: { KINESKA_LIMITS: 'off' } });
  const stream = await createStream(gateway.kinesis, 4);
  await putNumbered(kinesisClient(gateway.kinesis), stream, 0, count);
  const folder = await mkdtemp(join(tmpdir(), 'kineska-kclpy-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const seenFolder = join(folder, 'seen');
  await mkdir(seenFolder);
  const properties = {
    executableName: `${resolve(await python())} ${resolve('test/clients/python/kclpy_app.py')}`,
    streamName: stream,
    applicationName: `kclpy-${stream}`,
    AWSCredentialsProvider: 'DefaultAWSCredentialsProviderChain',
    initialPositionInStream: 'TRIM_HORIZON',
    regionName: 'us-east-1',
    kinesisEndpoint: gateway.kinesis,
    dynamoDBEndpoint: gateway.dynamodb,
    metricsLevel: 'NONE',
  };
  const lines = Object.entries(properties).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(join(folder, 'kcl.properties'), lines.join(''));
  const [command, ...given] = await multiLangDaemon(folder);
  const daemon = spawn(command, given, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
      PYTHONPATH: await kclpy(),
      KCLPY_SEEN: seenFolder,
    },
  });
  let said = '';
  for (const output of [daemon.stdout, daemon.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
    });
  }
  t.after(async () => {
    if (daemon.exitCode !== null) return;
    const closed = once(daemon, 'close');
    // Its children end with their standard input.
    daemon.kill('SIGKILL');
    await closed;
  });
  const isRead = () => {
    assert.equal(daemon.exitCode, null, said);
    return seenIn(seenFolder).length >= count;
  };
  await untilTrue(`${count} records to be read`, isRead, deadlineMs);
  const seen = seenIn(seenFolder);
  assertAllInOrder(seen, count);
  assert.equal(seen.length, count);
  assert.equal(new Set(seen.map(({ shard }) => shard)).size, 4);
});
