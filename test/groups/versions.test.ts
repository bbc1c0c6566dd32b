/** Offsets in every version and batch form of the requests that carry them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuidZero } from '../../src/wire/message.ts';
import { offsetCommitRequest } from '../../src/wire/messages/08-offset-commit.ts';
import {
  offsetFetchRequest,
  offsetFetchResponse,
} from '../../src/wire/messages/09-offset-fetch.ts';
import {
  offsetDeleteRequest,
  offsetDeleteResponse,
} from '../../src/wire/messages/47-offset-delete.ts';
import { sequenceNumberOf } from '../../src/domain/records/sequence-number.ts';
import { type Shard, shardIdOf, toOffset } from '../../src/domain/streams/stream.ts';
import { newName } from '../support/doors.ts';
import { createTopics } from '../support/create-topics.ts';
import { startGateway } from '../support/gateway.ts';
import { kclRow, openLeaseRows } from '../support/lease-rows.ts';
import { clusterAt, commitAccepted, commitTo, filledStream, withAdmin } from '../support/groups.ts';

const offsetFetchApi = { request: offsetFetchRequest, response: offsetFetchResponse };
const offsetDeleteApi = { request: offsetDeleteRequest, response: offsetDeleteResponse };

const uuidOfNothing = Buffer.alloc(16, 7).toString('base64url');

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('offsets in every version', async (suite) => {
  const gateway = await startGateway(suite);
  const rows = await openLeaseRows(suite, gateway.dynamodb);
  const { stream, shards } = await filledStream(gateway, 200, 2);
  const door = clusterAt(suite, gateway.kafka);
  const { topicId } = await door.topic(stream);
  const numberAt = (index: number, offset: number) =>
    sequenceNumberOf(shards[index] as Shard, toOffset(BigInt(offset))).toString();

  /** `partition:offset:epoch:metadata` of every group that is asked for. */
  async function fetch(groupIds: readonly string[], version: number, all: boolean) {
    const partitionIndexes = [0, 1];
    const topics = all ? null : [{ name: stream, topicId, partitionIndexes }];
    const answer = await door.request(
      offsetFetchApi,
      {
        groupId: groupIds[0]!,
        topics,
        groups: groupIds.map((groupId) => ({ groupId, topics, memberEpoch: -1 })),
        requireStable: version >= 7,
      },
      { versionMax: version },
    );
    const groups = version >= 8 ? answer.groups : [{ groupId: groupIds[0]!, ...answer }];
    return groups.map(({ errorCode, topics: told }) => {
      assert.equal(errorCode, 0);
      return told.flatMap(({ name, partitions, ...topic }) => {
        if (version >= 10) assert.equal('topicId' in topic && topic.topicId, topicId);
        else assert.equal(name, stream);
        return partitions
          .toSorted((one, other) => one.partitionIndex - other.partitionIndex)
          .map((each) => {
            assert.equal(each.errorCode, 0);
            const { partitionIndex, committedOffset, committedLeaderEpoch, metadata } = each;
            return `${partitionIndex}:${committedOffset}:${committedLeaderEpoch}:${metadata}`;
          });
      });
    });
  }

  for (const version of range(offsetCommitRequest.versionMin, offsetCommitRequest.versionMax)) {
    await suite.test(`OffsetCommit ${version} sets the checkpoint`, async () => {
      const groupId = newName();
      const commit = { groupId, topic: stream, partition: 1, offset: 7 };
      assert.equal(await commitTo(door, commit, version), 0);
      const table = await rows.all(groupId);
      assert.equal(table?.get(shardIdOf(1))?.['checkpoint']?.S, numberAt(1, 6));
    });
  }

  const mixed = newName();
  const ofKcl = newName();
  const moved = { topic: stream, metadata: 'm', leaderEpoch: 0 };
  await commitTo(door, { ...moved, groupId: mixed, partition: 0, offset: 4 });
  await commitTo(door, { ...moved, groupId: mixed, partition: 1, offset: 5 });
  await rows.set(mixed, shardIdOf(1), { checkpoint: { S: numberAt(1, 8) } });
  await rows.make(ofKcl);
  for (const shard of shards) await rows.put(ofKcl, kclRow(shard, 2));

  for (const version of range(offsetFetchRequest.versionMin, offsetFetchRequest.versionMax)) {
    await suite.test(`OffsetFetch ${version} answers from the table`, async () => {
      const epoch = version >= 5 ? '0' : '-1';
      const expected = [`0:4:${epoch}:m`, '1:9:-1:'];
      assert.deepEqual(await fetch([mixed], version, false), [expected]);
      const kcl = ['0:3:-1:', '1:3:-1:'];
      assert.deepEqual(await fetch([ofKcl], version, false), [kcl]);
      if (version >= 2) assert.deepEqual(await fetch([ofKcl], version, true), [kcl]);
      if (version < 8) return;
      assert.deepEqual(await fetch([mixed, ofKcl], version, false), [expected, kcl]);
      assert.deepEqual(await fetch([mixed, ofKcl], version, true), [expected, kcl]);
    });
  }

  await suite.test(
    'a topic made right after others were looked up is found by its id',
    async () => {
      const topic = newName();
      const groupId = newName();
      await withAdmin(gateway.kafka, async (admin) => {
        await commitAccepted(door, { groupId, topic: stream, partition: 0, offset: 4 });
        // An id that nothing has: topics are read now, and the new one is not among them.
        const [unknown] = [{ name: '', topicId: uuidOfNothing, partitionIndexes: [0] }];
        const group = { groupId, memberEpoch: -1, topics: [unknown!] };
        await door.request(offsetFetchApi, { groups: [group] });
        await createTopics(admin, [{ topic, numPartitions: 1 }]);
      });
      assert.equal(await commitTo(door, { groupId, topic, partition: 0, offset: 0 }, 10), 0);
      const table = await rows.all(groupId);
      const keys = [...(table?.keys() ?? [])];
      assert.ok(
        keys.some((key) => key.includes(`:${topic}:`)),
        keys.join(),
      );
    },
  );

  await suite.test('OffsetDelete resets the shard', async () => {
    const groupId = newName();
    await commitTo(door, { groupId, topic: stream, partition: 0, offset: 4 });
    await commitTo(door, { groupId, topic: stream, partition: 1, offset: 4 });
    const topics = [{ name: stream, partitions: [{ partitionIndex: 0 }] }];
    const answer = await door.request(offsetDeleteApi, { groupId, topics });
    assert.equal(answer.errorCode, 0);
    const table = await rows.all(groupId);
    assert.equal(table?.get(shardIdOf(0))?.['checkpoint']?.S, 'TRIM_HORIZON');
    assert.equal(table?.get(shardIdOf(1))?.['checkpoint']?.S, numberAt(1, 3));
    assert.deepEqual(await fetch([groupId], 9, false), [['0:-1:-1:', '1:4:-1:']]);
  });

  await suite.test('a partition that the coordinator refuses has no checkpoint', async () => {
    const groupId = newName();
    const commit = { groupId, topic: stream, partition: 99, offset: 4 };
    assert.equal(await commitTo(door, commit), 3);
    assert.equal(await rows.all(groupId), undefined);
    assert.notEqual(topicId, uuidZero);
  });
});
