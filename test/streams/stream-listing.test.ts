import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openGateway } from '../support/gateways.ts';

test('pages hold every stream once, in order, and those that are topics only', async (t) => {
  const table = `catalog-${randomUUID()}`;
  const gateway = await openGateway(t, table);
  // What the other one makes are topics of which this one's catalog has no rows.
  const elsewhere = await openGateway(t, `catalog-${randomUUID()}`);
  const prefix = `listed-${randomUUID()}`;
  const names = Array.from({ length: 7 }, (_, nth) => `${prefix}-${nth}`);
  for (const [nth, name] of names.entries()) {
    await ([1, 2, 5].includes(nth) ? elsewhere : gateway).create(name, 1);
  }
  for (const countMax of [1, 2, 3, 7]) {
    const seen: string[] = [];
    let after = prefix;
    for (;;) {
      const { streams, last, hasMore } = await gateway.streams.listPage({ after, countMax });
      assert.ok(streams.length <= countMax);
      seen.push(...streams.map(({ name }) => name).filter((name) => name.startsWith(prefix)));
      after = last;
      if (!hasMore || !last.startsWith(prefix)) break;
      assert.equal(streams.length, countMax);
    }
    assert.deepEqual(seen, names);
  }
});

test('the last page is told to be the last, also where it is full', async (t) => {
  const gateway = await openGateway(t, `catalog-${randomUUID()}`);
  // Behind every other name of the cluster.
  const names = ['a', 'b'].map((each) => `zzzz-${Date.now()}-${each}`);
  for (const name of names) await gateway.create(name, 1);
  const pageOf = (countMax: number) => gateway.streams.listPage({ after: names[0]!, countMax });
  const { streams, hasMore } = await pageOf(1);
  assert.deepEqual([streams.map(({ name }) => name), hasMore], [[names[1]], false]);
  const end = await gateway.streams.listPage({ after: names[1]!, countMax: 5 });
  assert.deepEqual(end, { streams: [], last: names[1], hasMore: false });
});
