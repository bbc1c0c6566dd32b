/** KCL in short; killed workers, resharding and its other versions are in kcl.full.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients } from '../support/install.ts';
import { createStream, kinesisClient } from '../support/doors.ts';
import { assertAllInOrder, KclApplication, putNumbered } from '../support/programs/kcl.ts';

await Promise.all([sharedEngines(), installClients()]);

const count = 2_000;

test('KCL 2 reads four shards by enhanced fan-out over TLS', async (t) => {
  const gateway = await startGateway(t);
  const stream = await createStream(gateway.kinesis, 4);
  const kind = { program: 'kcl2', mode: 'fan-out', scheme: 'https' } as const;
  const application = await KclApplication.over(t, gateway, stream, kind);
  await putNumbered(kinesisClient(gateway.kinesis), stream, 0, count);
  application.startWorker();
  await application.untilSeen(count);
  await application.stop();
  assertAllInOrder(application.records, count);
  assert.equal(application.records.length, count);
  assert.equal(application.shardsThat('started').length, 4);
});
