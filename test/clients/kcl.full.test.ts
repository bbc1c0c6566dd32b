/** KCL as its users run it: leases in DynamoDB, polling and enhanced fan-out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { createStream, kinesisClient } from './doors.ts';
import { assertAllInOrder, KclApplication, type KclKind, putNumbered } from './kcl.ts';

await sharedEngines();

const kinds: readonly KclKind[] = [
  { program: 'kcl2', mode: 'polling', scheme: 'https' },
  { program: 'kcl2', mode: 'fan-out', scheme: 'https' },
  { program: 'kcl3', mode: 'polling', scheme: 'http' },
  { program: 'kcl3', mode: 'fan-out', scheme: 'http' },
  { program: 'kcl3', mode: 'fan-out', scheme: 'https' },
];
const titleOf = ({ program, mode, scheme }: KclKind) => `${program}, ${mode}, ${scheme}`;
const settings = { KINESKA_LIMITS: 'off' };
const shards = [0, 1, 2, 3].map((index) => `shardId-00000000000${index}`);
const timeout = 600_000;

test(
  'a KCL worker is killed and another takes its place',
  { timeout, concurrency: true },
  async (t) => {
    const gateway = await startGateway(t, { settings });
    const client = kinesisClient(gateway.kinesis);
    const count = 4_000;
    const scenario = async (inner: test.TestContext, kind: KclKind) => {
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
    };
    await Promise.all(
      kinds.map((kind) => t.test(titleOf(kind), { timeout }, (inner) => scenario(inner, kind))),
    );
  },
);
