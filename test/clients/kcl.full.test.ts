/** KCL as its users run it: leases in DynamoDB, polling and enhanced fan-out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { createStream, kinesisClient } from '../support/doors.ts';
import {
  assertAllInOrder,
  forEachKind,
  KclApplication,
  kclTimeoutMs,
  putNumbered,
  shardId,
} from '../support/programs/kcl.ts';

await sharedEngines();

const settings = { KINESKA_LIMITS: 'off' };
const shards = [0, 1, 2, 3].map(shardId);
const count = 4_000;
const options = { timeout: kclTimeoutMs, concurrency: true };

test('a KCL worker is killed and another takes its place', options, async (t) => {
  const gateway = await startGateway(t, { settings });
  const client = kinesisClient(gateway.kinesis);
  await forEachKind(t, async (inner, kind) => {
    const stream = await createStream(gateway.kinesis, shards.length);
    const application = await KclApplication.over(inner, gateway, stream, kind);
    await putNumbered(client, stream, 0, count / 2);
    const first = application.startWorker();
    await application.untilSeen(count / 2);
    const putting = putNumbered(client, stream, count / 2, count);
    await first.kill9();
    application.startWorker();
    await putting;
    await application.untilSeen(count);
    await application.stop();
    assertAllInOrder(application.records, count);
    assert.deepEqual(application.shardsThat('started'), shards);
  });
});
