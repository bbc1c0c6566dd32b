import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toOffset } from '../../../../src/domain/streams/stream.ts';
import type { ShareGroup } from '../../../../src/ports/share-log.ts';
import { untilTrue } from '../../../support/until.ts';
import { start } from '../log/topic.ts';
import { few, patient, textsOf, verdictsOn } from './share-calls.ts';
import { shareTopic } from './share-topic.ts';

const hourMs = 3_600_000;

test('a group has the terms that the brokers grant', async (t) => {
  const { shares, group } = await shareTopic(t);
  const most = { deliveriesMax: 25, windowMax: 10_000 };
  const share = await group(45_000);
  assert.deepEqual(await shares.terms(share), { ...most, lockMs: 45_000 });
  for (const [asked, granted] of [
    [0, 1_000],
    [2 * hourMs, hourMs],
    [30_000, 30_000],
  ] as const) {
    const terms = { ...most, lockMs: granted };
    assert.deepEqual(await shares.change(share, { lockMs: asked }), terms);
    assert.deepEqual(await shares.terms(share), terms);
  }
});

test('a change of the lock holds for the next deliveries', async (t) => {
  const { shares, group, put } = await shareTopic(t);
  await put(['a']);
  const share = await group();
  await shares.change(share, { lockMs: 1_000 });
  await shares.acquire(share, [0], patient);
  assert.deepEqual(textsOf(await shares.acquire(share, [0], patient)), ['a']);
});

test('partitions are delivered from where they were placed', async (t) => {
  const { shares, topic, put } = await shareTopic(t, 2);
  await put(['a', 'b', 'c'], 0);
  await put(['d', 'e'], 1);
  const share: ShareGroup = { groupId: `share-${topic.name}`, log: topic.name };
  await shares.create(
    share,
    { lockMs: hourMs },
    new Map([
      [0, toOffset(1n)],
      [1, toOffset(2n)],
    ]),
  );
  assert.deepEqual(textsOf(await shares.acquire(share, [1, 0], patient)), ['b', 'c']);
  await put(['f'], 1);
  assert.deepEqual(textsOf(await shares.acquire(share, [1, 0], patient)), ['f']);
  await shares.delete(share);
});

test('new partitions are placed, and the others stay where they are', async (t) => {
  const { shares, topic, group, put } = await shareTopic(t);
  await put(['a', 'b']);
  const share = await group();
  const first = await shares.acquire(share, [0], { ...patient, recordsMax: 1 });
  await shares.settle(share, first.member, verdictsOn(first, 'accept'));
  const admin = topic.kafka.admin();
  await admin.connect();
  t.after(() => admin.disconnect());
  await admin.createPartitions({ topicPartitions: [{ topic: topic.name, count: 2 }] });
  await untilTrue('the new partition', async () => {
    await topic.cluster.refresh(topic.name);
    return topic.cluster.known(topic.name)?.leaders[1] === 1;
  });
  await put(['c'], 1);
  await shares.acquire(share, [1], few).catch(() => undefined);
  for (let time = 0; time < 2; time++) {
    await shares.extend(
      share,
      new Map([
        [0, start],
        [1, start],
      ]),
    );
    const positions = await shares.positions(share);
    assert.deepEqual([...positions.keys()].toSorted(), [0, 1]);
    assert.equal(positions.get(0)?.left, 1);
    assert.equal(positions.get(1)?.left, 1);
  }
  assert.deepEqual(textsOf(await shares.acquire(share, [1], patient)), ['c']);
  assert.deepEqual(await shares.byLeader(share, [0, 1]), [[0, 1]]);
});

test('what does not exist is not found', async (t) => {
  const { shares, topic, group } = await shareTopic(t);
  const notFound = { kind: 'not-found' };
  const none: ShareGroup = { groupId: `none-${topic.name}`, log: topic.name };
  await assert.rejects(shares.terms(none), notFound);
  assert.equal((await shares.positions(none)).size, 0);
  await shares.delete(none);
  const share = await group();
  await assert.rejects(shares.byLeader(share, [0, 7]), notFound);
  await assert.rejects(shares.acquire(share, [7], few), notFound);
  const noLog = { ...none, log: `no-${topic.name}` };
  await assert.rejects(shares.acquire(noLog, [0], few), notFound);
  await assert.rejects(shares.byLeader(noLog, [0]), notFound);
});

test('a deleted group leaves nothing to a later one, even of its own name', async (t) => {
  const { shares, topic, put, another } = await shareTopic(t);
  await put(['a', 'b', 'c', 'd']);
  const share: ShareGroup = { groupId: `share-${topic.name}`, log: topic.name };
  for (const from of [0n, 2n, 1n]) {
    await shares.create(share, { lockMs: hourMs }, new Map([[0, toOffset(from)]]));
    const acquired = await another().shares.acquire(share, [0], { ...patient, recordsMax: 1 });
    assert.deepEqual(textsOf(acquired), ['abcd'[Number(from)]]);
    assert.equal(acquired.records[0]?.deliveryCount, 1);
    await shares.delete(share);
    await assert.rejects(shares.terms(share), { kind: 'not-found' });
    assert.equal((await shares.positions(share)).size, 0);
    await shares.delete(share);
  }
});
