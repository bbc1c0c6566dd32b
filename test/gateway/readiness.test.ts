import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';
import { prepareDynamodb, startDynamodb } from '../../adapters/engines/embedded-dynamodb.ts';
import { freePort } from '../../adapters/engines/free-port.ts';
import { sharedEngines } from '../support/engines.ts';
import { untilTrue } from '../support/until.ts';
import { startGateway } from '../support/gateway.ts';

await sharedEngines();

const noticedMsMax = 20_000;

type Readiness = { readonly status: number; readonly missing: readonly string[] };

async function readinessOf(operations: string): Promise<Readiness> {
  const response = await fetch(`${operations}/readyz`);
  const { missing = [] } = (await response.json()) as { missing?: { engine: string }[] };
  return { status: response.status, missing: missing.map(({ engine }) => engine) };
}

/** Asks until it answers so. */
async function becomes(operations: string, status: number): Promise<Readiness> {
  let last: Readiness | undefined;
  const isSo = async () => {
    last = await readinessOf(operations);
    return last.status === status;
  };
  await untilTrue(`/readyz to answer ${status}`, isSo, noticedMsMax);
  return last!;
}

test('a gateway whose DynamoDB goes is alive and not ready, and ready again with it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-readiness-'));
  const port = await freePort();
  const settings = {
    installPath: await prepareDynamodb(defaultCacheFolder(process.env), () => undefined),
    port,
    folder: join(folder, 'dynamodb'),
    logFile: join(folder, 'dynamodb.log'),
    heapMb: 128,
  };
  let dynamodb = await startDynamodb(settings);
  t.after(async () => {
    await dynamodb.stop(0);
    await rm(folder, { recursive: true, force: true });
  });
  const { operations } = await startGateway(t, {
    settings: { KINESKA_DYNAMODB_ENDPOINT: `http://127.0.0.1:${port}` },
  });
  assert.deepEqual(await readinessOf(operations), { status: 200, missing: [] });
  await dynamodb.stop(0);
  assert.deepEqual(await becomes(operations, 503), { status: 503, missing: ['dynamodb'] });
  assert.equal((await fetch(`${operations}/healthz`)).status, 200);
  dynamodb = await startDynamodb(settings);
  assert.deepEqual(await becomes(operations, 200), { status: 200, missing: [] });
});
