/** Shards are split and merged under running KCL workers, of every version and mode. */
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
import {
  childShards,
  closedShards,
  putWhile,
  splitAndMerge,
} from '../support/loads/split-and-merge.ts';

await sharedEngines();

const settings = { KINESKA_LIMITS: 'off' };
const shardCount = 4;
const recordsBefore = 1_000;
const recordsAfter = 2_000;
const options = { timeout: kclTimeoutMs, concurrency: true };

test('shards are split and merged under running KCL workers', options, async (t) => {
  const gateway = await startGateway(t, { settings });
  const client = kinesisClient(gateway.kinesis);
  await forEachKind(t, async (inner, kind) => {
    const stream = await createStream(gateway.kinesis, shardCount);
    const application = await KclApplication.over(inner, gateway, stream, kind);
    await putNumbered(client, stream, 0, recordsBefore);
    const beganAt = performance.now();
    const tell = (what: string) =>
      inner.diagnostic(`${what} after ${((performance.now() - beganAt) / 1_000).toFixed(1)} s`);
    application.startWorker();
    application.startWorker();
    await application.untilSeen(recordsBefore);
    tell('working');
    const resharding = splitAndMerge(client, stream);
    const put = await putWhile(resharding, client, stream, recordsBefore);
    tell(`split and merged under puts of ${put - recordsBefore} records`);
    const count = put + recordsAfter;
    await putNumbered(client, stream, put, count);
    await application.untilSeen(count);
    tell('all seen');
    const ended = closedShards.map(shardId);
    const children = childShards.map(shardId);
    await application.until(
      () =>
        ended.every((shard) => application.shardsThat('ended').includes(shard)) &&
        children.every((shard) => application.shardsThat('started').includes(shard)),
      () => `ended: ${application.shardsThat('ended')}`,
    );
    // KCL 2 waits for minutes when it is asked to stop after a shard's end: its workers are killed.
    tell('all ended and taken up');
    assertAllInOrder(application.records, count);
    assert.deepEqual(application.shardsThat('ended'), ended);
    const withRecords = new Set(application.records.map(({ shard }) => shard));
    for (const child of children) assert.ok(withRecords.has(child), `${child} had no record`);
  });
});
