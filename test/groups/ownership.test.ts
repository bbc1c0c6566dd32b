/** Shards shared by members of a Kafka group and workers that renew leases as KCL does. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type kafkajs from 'kafkajs';
import { shardIdOf } from '../../src/domain/streams/stream.ts';
import { kafkaClient, newName } from '../support/doors.ts';
import { startGateway } from '../support/gateway.ts';
import { kclRow, type LeaseRows, openLeaseRows } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import { filledStream } from '../support/groups.ts';
import { joinClassic, joinRaw } from '../support/programs/raw-member.ts';

const failoverMs = 1_500;
/** kafkajs sends heartbeats between fetches only. */
const often = { heartbeatInterval: 200, sessionTimeout: 10_000, maxWaitTimeInMs: 200 };
const settings = { KINESKA_LEASE_FAILOVER_MS: String(failoverMs) };

/**
 * Renews its leases until it dies, as a KCL worker: by the counter that it knows, so that a lease
 * is lost to it whose counter somebody else has moved.
 */
function worker(t: TestContext, rows: LeaseRows, table: string, leaseKeys: readonly string[]) {
  const owner = 'worker-1';
  const held = new Map<string, number>();
  const hold = async (leaseKey: string) => {
    const row = (await rows.all(table))?.get(leaseKey);
    if (row?.['leaseOwner']?.S !== owner || row['checkpointOwner'] !== undefined) return;
    held.set(leaseKey, Number(row['leaseCounter']?.N));
  };
  const renew = async (leaseKey: string) => {
    const counter = held.get(leaseKey);
    if (counter === undefined) return hold(leaseKey);
    await rows.client.updateItem({
      TableName: table,
      Key: { leaseKey: { S: leaseKey } },
      UpdateExpression: 'ADD leaseCounter :one',
      ConditionExpression:
        'leaseCounter = :counter AND (leaseOwner = :owner OR checkpointOwner = :owner)',
      ExpressionAttributeValues: {
        ':one': { N: '1' },
        ':owner': { S: owner },
        ':counter': { N: String(counter) },
      },
    });
    held.set(leaseKey, counter + 1);
  };
  const renewing = new Set<string>();
  const renewOnce = (leaseKey: string) => {
    if (renewing.has(leaseKey)) return;
    renewing.add(leaseKey);
    renew(leaseKey)
      .catch(() => held.delete(leaseKey))
      .finally(() => renewing.delete(leaseKey));
  };
  const timer = setInterval(() => leaseKeys.forEach(renewOnce), failoverMs / 6);
  const die = () => clearInterval(timer);
  t.after(die);
  return { owner, die };
}

/** A member whose partitions are known at any time. */
async function member(t: TestContext, bootstrap: string, groupId: string, topic: string) {
  const kafka = kafkaClient(bootstrap);
  const consumer = kafka.consumer({ groupId, ...often });
  let partitions: readonly number[] = [];
  let memberId = '';
  let joins = 0;
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    memberId = payload.memberId;
    joins++;
    partitions = (payload.memberAssignment[topic] ?? []).toSorted();
  });
  t.after(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const run: kafkajs.ConsumerRunConfig = { autoCommit: false, eachMessage: async () => undefined };
  await consumer.run(run);
  return {
    consumer,
    partitions: () => partitions,
    memberId: () => memberId,
    joins: () => joins,
    holds: (wanted: readonly number[]) =>
      untilTrue(`partitions ${wanted.join()} to be held, not ${partitions.join()}`, () => {
        return String(partitions) === String(wanted);
      }),
  };
}

/** What a worker of KCL 3 tells of itself. */
function metricsOf(workerId: string) {
  return {
    leaseKey: { S: workerId },
    entityType: { S: 'WORKER_METRIC_STATS' },
    lut: { N: String(Math.floor(Date.now() / 1000)) },
  };
}

test('members of a Kafka group own their leases', async (suite) => {
  const gateway = await startGateway(suite, { settings });
  const rows = await openLeaseRows(suite, gateway.dynamodb);
  const { stream, shards } = await filledStream(gateway, 80, 4);
  const keys = shards.map(({ index }) => shardIdOf(index));
  const ownersOf = async (table: string) => {
    const all = await rows.all(table);
    return keys.map((key) => all?.get(key)?.['leaseOwner']?.S);
  };
  /** A table as KCL leaves it behind: two leases of a worker, two of nobody. */
  const sharedTable = async () => {
    const groupId = newName();
    await rows.make(groupId);
    for (const shard of shards) {
      const row = kclRow(shard, 3);
      const { leaseOwner, ...unowned } = row;
      assert.ok(leaseOwner);
      await rows.put(groupId, shard.index < 2 ? row : unowned);
    }
    return groupId;
  };

  await suite.test('named after member and client, with counters that move', async (t) => {
    const groupId = await sharedTable();
    const { owner, die } = worker(t, rows, groupId, keys.slice(0, 2));
    const { consumer, memberId, holds } = await member(t, gateway.kafka, groupId, stream);
    await holds([2, 3]);
    const name = `kafka/kafkajs/${memberId()}`;
    assert.deepEqual(await ownersOf(groupId), [owner, owner, name, name]);
    const counterOf = async () =>
      Number((await rows.all(groupId))!.get(keys[2]!)!['leaseCounter']?.N);
    const before = await counterOf();
    await untilTrue('the counter to move twice', async () => (await counterOf()) > before + 1);
    // A worker that dies: its shards come to the member within the failover time.
    die();
    await holds([0, 1, 2, 3]);
    assert.deepEqual(await ownersOf(groupId), [name, name, name, name]);
    // A member that leaves: its leases are free at once.
    await consumer.disconnect();
    assert.deepEqual(await ownersOf(groupId), [undefined, undefined, undefined, undefined]);
  });

  await suite.test('a lease that a worker takes is taken from the member', async (t) => {
    const groupId = await sharedTable();
    const { owner } = worker(t, rows, groupId, keys.slice(0, 3));
    const { consumer, holds } = await member(t, gateway.kafka, groupId, stream);
    await holds([2, 3]);
    const checkpointOf = async () => (await rows.all(groupId))!.get(keys[2]!)!['checkpoint']?.S;
    const before = await checkpointOf();
    await rows.set(groupId, keys[2]!, { leaseOwner: { S: owner }, leaseCounter: { N: '1000' } });
    const commit = consumer.commitOffsets([{ topic: stream, partition: 2, offset: '9' }]);
    await assert.rejects(commit, /rebalancing|not the active member|generation/i);
    assert.equal(await checkpointOf(), before);
    await holds([3]);
    await consumer.commitOffsets([{ topic: stream, partition: 3, offset: '9' }]);
  });

  await suite.test('a worker of KCL 3 hands over in an orderly way', async (t) => {
    const groupId = await sharedTable();
    const { owner } = worker(t, rows, groupId, keys.slice(0, 3));
    const { consumer, memberId, holds } = await member(t, gateway.kafka, groupId, stream);
    await holds([2, 3]);
    const name = `kafka/kafkajs/${memberId()}`;
    // As the leader does: the new owner waits until the former one has made its checkpoint.
    await rows.set(groupId, keys[2]!, { leaseOwner: { S: owner }, checkpointOwner: { S: name } });
    await consumer.commitOffsets([{ topic: stream, partition: 2, offset: '9' }]);
    await holds([3]);
    const row = (await rows.all(groupId))!.get(keys[2]!)!;
    assert.equal(row['leaseOwner']?.S, owner);
    assert.equal(row['checkpointOwner'], undefined);
    assert.equal(row['kineskaPosition']?.N, '9');
  });

  await suite.test(
    'a member that the coordinator assigns hands over after its last commit',
    async (t) => {
      const groupId = await sharedTable();
      const { owner } = worker(t, rows, groupId, keys.slice(0, 3));
      const raw = await joinRaw(t, gateway.kafka, groupId, stream);
      await raw.untilAssigned([2, 3]);
      await raw.heartbeat([2, 3]);
      const row = async () => (await rows.all(groupId))!.get(keys[2]!)!;
      await rows.set(groupId, keys[2]!, {
        leaseOwner: { S: owner },
        checkpointOwner: { S: raw.owner },
      });
      await raw.untilAssigned([3]);
      // It has been told, and works on what it has read.
      await raw.heartbeat();
      assert.equal(await raw.commit(2, 9), 0);
      assert.equal((await row())['kineskaPosition']?.N, '9');
      assert.equal((await row())['checkpointOwner']?.S, raw.owner);
      await raw.heartbeat([3]);
      assert.equal((await row())['checkpointOwner'], undefined);
      assert.equal((await row())['leaseOwner']?.S, owner);
      assert.notEqual(await raw.commit(2, 12), 0);
      assert.equal((await row())['kineskaPosition']?.N, '9');
    },
  );

  await suite.test('a member that was not told what it lost is told again', async (t) => {
    const groupId = await sharedTable();
    worker(t, rows, groupId, keys.slice(0, 2));
    const raw = await joinRaw(t, gateway.kafka, groupId, stream);
    await raw.untilAssigned([2, 3]);
    // As where the answer that took two away was lost on its way.
    assert.equal(await raw.heartbeat([0, 1, 2, 3]), true);
    assert.deepEqual(raw.assigned(), [2, 3]);
    assert.equal(await raw.heartbeat([2, 3]), false);
  });

  await suite.test('leases of a member are left alone once its connection ends', async (t) => {
    const groupId = await sharedTable();
    worker(t, rows, groupId, keys.slice(0, 2));
    const [lives, dies] = await Promise.all([
      joinRaw(t, gateway.kafka, groupId, stream),
      joinRaw(t, gateway.kafka, groupId, stream),
    ]);
    const counters = async () => {
      await lives.heartbeat();
      const all = await rows.all(groupId);
      const of = (owner: string) =>
        keys
          .filter((key) => all!.get(key)!['leaseOwner']?.S === owner)
          .map((key) => Number(all!.get(key)!['leaseCounter']?.N))
          .at(0);
      return { lives: of(lives.owner), dies: of(dies.owner) };
    };
    await untilTrue('each of the two to have a lease', async () => {
      await dies.heartbeat(dies.assigned());
      await lives.heartbeat(lives.assigned());
      const { lives: one, dies: other } = await counters();
      return one !== undefined && other !== undefined;
    });
    dies.die();
    const before = await counters();
    await untilTrue('the other lease to be renewed four times', async () => {
      return (await counters()).lives! >= before.lives! + 4;
    });
    // One renewal may have been on its way.
    assert.ok((await counters()).dies! <= before.dies! + 1);
  });

  await suite.test(
    'members that wait for one of their group to join keep their leases',
    async (t) => {
      const groupId = await sharedTable();
      worker(t, rows, groupId, keys.slice(0, 2));
      const first = await member(t, gateway.kafka, groupId, stream);
      await first.holds([2, 3]);
      // It holds one of the two, and never joins again: the coordinator waits for it.
      const busy = await joinClassic(t, gateway.kafka, groupId, stream);
      void joinClassic(t, gateway.kafka, groupId, stream).catch(() => undefined);
      await untilTrue('all to be asked to join', async () => (await busy.heartbeat()) !== 0);
      const name = `kafka/kafkajs/${first.memberId()}`;
      const key = keys[(await ownersOf(groupId)).indexOf(name)]!;
      const counterOf = async () => Number((await rows.all(groupId))!.get(key)!['leaseCounter']?.N);
      const [before, joins] = [await counterOf(), first.joins()];
      // Three in each failover time; some of them before it waits.
      await untilTrue('the lease to be renewed twelve times', async () => {
        await busy.heartbeat();
        return (await counterOf()) >= before + 12;
      });
      assert.equal(first.joins(), joins);
    },
  );

  await suite.test("shards are shared by KCL's own rule, one at a time", async (t) => {
    const groupId = await sharedTable();
    for (const shard of shards) await rows.put(groupId, kclRow(shard, 3));
    const { owner } = worker(t, rows, groupId, keys);
    const { holds, memberId, partitions } = await member(t, gateway.kafka, groupId, stream);
    await untilTrue('two shards of the member', () => partitions().length === 2);
    const owners = await ownersOf(groupId);
    const name = `kafka/kafkajs/${memberId()}`;
    assert.equal(owners.filter((each) => each === name).length, 2);
    assert.equal(owners.filter((each) => each === owner).length, 2);
    await holds(partitions());
  });

  await suite.test(
    'a worker of KCL 3 makes its last checkpoint before a member starts',
    async (t) => {
      const groupId = await sharedTable();
      for (const shard of shards) await rows.put(groupId, kclRow(shard, 3));
      const { owner, die } = worker(t, rows, groupId, keys);
      await rows.put(groupId, metricsOf(owner));
      const raw = await joinRaw(t, gateway.kafka, groupId, stream);
      const handedOver = async () => {
        await raw.heartbeat(raw.assigned());
        const all = (await rows.all(groupId))!;
        const isAsked = (key: string) =>
          all.get(key)!['leaseOwner']?.S === raw.owner &&
          all.get(key)!['checkpointOwner']?.S === owner;
        return keys.findIndex(isAsked);
      };
      await untilTrue('the worker to be asked', async () => (await handedOver()) >= 0);
      const first = await handedOver();
      assert.ok(!raw.assigned().includes(first));
      assert.notEqual(await raw.commit(first, 5), 0);
      const counterOf = async () =>
        Number((await rows.all(groupId))!.get(keys[first]!)!['leaseCounter']?.N);
      const before = await counterOf();
      await untilTrue('the worker to renew meanwhile', async () => {
        assert.equal(await handedOver(), first);
        return (await counterOf()) >= before + 9;
      });
      // It does so for this lease, and dies before the next one.
      const key = { leaseKey: { S: keys[first]! } };
      await rows.client.updateItem({
        TableName: groupId,
        Key: key,
        UpdateExpression: 'REMOVE checkpointOwner ADD leaseCounter :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      });
      await raw.untilAssigned([first]);
      assert.equal(await raw.commit(first, 5), 0);
      await untilTrue('the worker to be asked again', async () => (await handedOver()) >= 0);
      die();
      await raw.untilAssigned([0, 1, 2, 3]);
    },
  );

  await suite.test('a worker of KCL 3 that died is given nothing', async (t) => {
    const groupId = await sharedTable();
    const { owner, die } = worker(t, rows, groupId, keys.slice(0, 2));
    const raw = await joinRaw(t, gateway.kafka, groupId, stream);
    await raw.untilAssigned([2, 3]);
    // It has just reported metrics, by which it will appear alive for two minutes.
    await rows.put(groupId, metricsOf(owner));
    die();
    await raw.untilAssigned([0, 1, 2, 3]);
    const counterOf = async () =>
      Number((await rows.all(groupId))!.get(keys[3]!)!['leaseCounter']?.N);
    const before = await counterOf();
    await untilTrue('the leases to be renewed nine times', async () => {
      await raw.heartbeat(raw.assigned());
      assert.deepEqual(raw.assigned(), [0, 1, 2, 3]);
      return (await counterOf()) >= before + 9;
    });
  });

  await suite.test('a worker of KCL 3 without leases is given its share', async (t) => {
    const groupId = newName();
    await rows.make(groupId);
    for (const shard of shards) {
      const { leaseOwner, ...unowned } = kclRow(shard, 3);
      assert.ok(leaseOwner);
      await rows.put(groupId, unowned);
    }
    const { holds, partitions } = await member(t, gateway.kafka, groupId, stream);
    await holds([0, 1, 2, 3]);
    await rows.put(groupId, metricsOf('worker-3'));
    await untilTrue('a lease to be given back', () => partitions().length === 3);
    const free = (await ownersOf(groupId)).filter((each) => each === undefined);
    assert.equal(free.length, 1);
  });
});
