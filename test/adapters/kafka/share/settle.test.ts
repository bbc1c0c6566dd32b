import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toOffset } from '../../../../src/domain/streams/stream.ts';
import { countsOf, few, patient, takeAll, textsOf, verdictsOn } from './share-calls.ts';
import { shareTopic } from './share-topic.ts';

const texts = ['a', 'b', 'c', 'd', 'e'];

test('accepted records are done with; released ones come again, and count', async (t) => {
  const { shares, group, put, another } = await shareTopic(t);
  await put(texts);
  const share = await group();
  const acquired = await shares.acquire(share, [0], { ...patient, recordsMax: 4 });
  const verdicts = verdictsOn(acquired, 'accept').map((each, index) =>
    index === 1 ? { ...each, verdict: 'release' as const } : each,
  );
  const results = await another().shares.settle(share, acquired.member, verdicts);
  assert.deepEqual(results, ['settled', 'settled', 'settled', 'settled']);
  const again = await shares.acquire(share, [0], patient);
  assert.deepEqual(countsOf(again), ['b 2', 'e 1']);
  await shares.settle(share, again.member, verdictsOn(again, 'accept'));
  assert.deepEqual((await shares.acquire(share, [0], few)).records, []);
  assert.equal((await shares.positions(share)).get(0)?.left, 0);
});

test('results are in the order of the settlements, which may be in any and repeat', async (t) => {
  const { shares, group, put } = await shareTopic(t, 2);
  await put(texts, 0);
  await put(texts, 1);
  const share = await group();
  const acquired = await shares.acquire(share, [0], { ...patient, recordsMax: 3 });
  const { member } = acquired;
  const at = (offset: bigint, partition = 0) =>
    ({ partition, offset: toOffset(offset), verdict: 'accept' }) as const;
  const results = await shares.settle(share, member, [at(2n), at(4n), at(0n), at(2n), at(1n, 1)]);
  assert.deepEqual(results, ['settled', 'not-held', 'settled', 'settled', 'not-held']);
  assert.deepEqual(await shares.settle(share, member, []), []);
  assert.deepEqual(await shares.settle(share, member, [at(2n)]), ['not-held'], 'any more');
  const rest = await shares.settle(share, member, [at(1n), at(0n)]);
  assert.deepEqual(rest, ['settled', 'settled'], 'what is behind the start is not told apart');
  const positions = await shares.positions(share);
  assert.deepEqual([positions.get(0)?.left, positions.get(1)?.left], [2, 5]);
});

test("another member's record is not settled", async (t) => {
  const { shares, group, put } = await shareTopic(t);
  await put(texts);
  const share = await group();
  const mine = await shares.acquire(share, [0], { ...patient, recordsMax: 1 });
  const other = await shares.acquire(share, [0], { ...patient, recordsMax: 1 });
  for (const verdict of ['accept', 'release'] as const) {
    const results = await shares.settle(share, other.member, verdictsOn(mine, verdict));
    assert.deepEqual(results, ['not-held']);
  }
  assert.deepEqual(textsOf(await shares.acquire(share, [0], patient)), ['c', 'd', 'e']);
});

test('many gateways settle for one member at the same time', async (t) => {
  const { shares, group, put, another } = await shareTopic(t);
  const count = 60;
  await put(Array.from({ length: count }, (_, index) => `${index}`));
  const share = await group();
  const acquired = await shares.acquire(share, [0], { ...patient, recordsMax: count });
  const gateways = [another(), another(), another()];
  const results = await Promise.all(
    verdictsOn(acquired, 'accept').map((verdict, index) =>
      gateways[index % gateways.length]!.shares.settle(share, acquired.member, [verdict]),
    ),
  );
  assert.deepEqual(new Set(results.flat()), new Set(['settled']));
  assert.equal(results.length, count);
  assert.equal((await shares.positions(share)).get(0)?.left, 0);
});

test('a group of many members loses nothing and gives nothing twice', async (t) => {
  const { shares, group, put, another } = await shareTopic(t);
  const count = 400;
  for (let batch = 0; batch < 4; batch++) {
    await put(Array.from({ length: count / 4 }, (_, index) => `${batch} ${index}`));
  }
  const share = await group();
  const gateways = [shares, another().shares];
  const taken: string[] = [];
  const worker = async (_: unknown, index: number) => {
    while (taken.length < count) {
      const gateway = gateways[index % 2]!;
      const acquired = await gateway.acquire(share, [0], { ...few, waitMsMax: 500 });
      taken.push(...countsOf(acquired));
      await gateway.settle(share, acquired.member, verdictsOn(acquired, 'accept'));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  assert.equal(taken.length, count);
  assert.equal(new Set(taken).size, count);
  assert.ok(taken.every((each) => each.endsWith(' 1')));
  await put(['more']);
  assert.deepEqual(await takeAll(shares, share, 1), ['more 1']);
});
