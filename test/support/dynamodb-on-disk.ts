/** A DynamoDB Local that keeps its data, for tests that kill it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { prepareDynamodb, startDynamodb } from '../../adapters/engines/embedded-dynamodb.ts';
import type { EngineProcess } from '../../adapters/engines/engine-process.ts';
import { freePort } from '../../adapters/engines/free-port.ts';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';

const heapMb = 256;
const stopGraceMs = 8_000;

export type DynamodbOnDisk = {
  readonly endpoint: string;
  kill9(): Promise<void>;
  again(): Promise<void>;
};

/** DynamoDB Local on a folder; it ends, and its data go, after `t`. */
export async function dynamodbOnDisk(t: TestContext): Promise<DynamodbOnDisk> {
  const root = await mkdtemp(join(tmpdir(), 'kineska-test-dynamodb-'));
  const port = await freePort();
  const installPath = await prepareDynamodb(defaultCacheFolder(process.env), () => undefined);
  const folder = join(root, 'data');
  const logFile = join(root, 'dynamodb.log');
  const start = () => startDynamodb({ installPath, port, folder, logFile, heapMb });
  let engine: EngineProcess = await start();
  t.after(async () => {
    await engine.stop(stopGraceMs);
    await rm(root, { recursive: true, force: true });
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async kill9() {
      process.kill(-engine.pid, 'SIGKILL');
      await engine.ended;
    },
    async again() {
      engine = await start();
    },
  };
}
