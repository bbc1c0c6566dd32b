import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Admin } from 'kafkajs';
import { pino } from 'pino';
import { AdminClient } from '../../../../adapters/kafka/admin-client.ts';
import { sharedEngines } from '../../../support/engines.ts';
import { untilTrue } from '../../../support/until.ts';

const { kafkaBootstrap } = await sharedEngines();
const idleMsMax = 200;

test('the connection closes when it is idle, and comes again when it is wanted', async (t) => {
  const [host = '', port] = kafkaBootstrap.split(':');
  const client = new AdminClient({
    bootstrap: [{ host, port: Number(port) }],
    logger: pino({ level: 'silent' }),
    security: {},
    idleMsMax,
  });
  t.after(() => client.stop());
  let closed = 0;
  const call = (ms: number) =>
    client.run('a test', async (admin: Admin) => {
      admin.on(admin.events.DISCONNECT, () => closed++);
      const endAtMs = performance.now() + ms;
      do await admin.listTopics();
      while (performance.now() < endAtMs);
      return { admin };
    });
  const [one, other] = await Promise.all([call(0), call(3 * idleMsMax)]);
  assert.equal(one.admin, other.admin);
  assert.equal(closed, 0, 'a call in progress keeps it open');
  const next = await call(0);
  assert.equal(next.admin, one.admin);
  await untilTrue('the idle connection to close', () => closed > 0);
  const later = await call(0);
  assert.notEqual(later.admin, one.admin);
});
