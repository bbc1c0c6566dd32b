import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openGateway } from './gateways.ts';

const longMs = 600_000;

test('a listing that may be old is one that was made; what came since is in it', async (t) => {
  const gateway = await openGateway(t, `catalog-${randomUUID()}`);
  const { streams } = gateway;
  const first = await streams.list(longMs);
  assert.equal(await streams.list(longMs), first);
  const name = `listed-${randomUUID()}`;
  await gateway.create(name, 1);
  const second = await streams.list(longMs);
  assert.ok(second.some((each) => each.name === name));
  assert.notEqual(await streams.list(), second);
  await streams.delete(name);
  const third = await streams.list(longMs);
  assert.ok(!third.some((each) => each.name === name));
});
