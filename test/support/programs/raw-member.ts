/** Members of groups that do what the test says, no more. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { AssignerProtocol } from 'kafkajs';
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../../src/wire/messages/08-offset-commit.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../../src/wire/messages/68-consumer-group-heartbeat.ts';
import { joinGroupRequest, joinGroupResponse } from '../../../src/wire/messages/11-join-group.ts';
import { syncGroupRequest, syncGroupResponse } from '../../../src/wire/messages/14-sync-group.ts';
import { heartbeatRequest, heartbeatResponse } from '../../../src/wire/messages/12-heartbeat.ts';
import { untilTrue } from '../until.ts';
import { clusterAt } from '../groups.ts';

const heartbeatApi = {
  request: consumerGroupHeartbeatRequest,
  response: consumerGroupHeartbeatResponse,
};
const commitApi = { request: offsetCommitRequest, response: offsetCommitResponse };
/** By which commits still name topics. */
const commitVersionMax = 9;

const joinApi = { request: joinGroupRequest, response: joinGroupResponse };
const syncApi = { request: syncGroupRequest, response: syncGroupResponse };
const classicHeartbeatApi = { request: heartbeatRequest, response: heartbeatResponse };
/** In which the coordinator gives a new member its id at once. */
const joinVersionMax = 3;

/** Of a group whose coordinator assigns (KIP-848). */
export type RawMember = {
  /** As its leases name it. */
  readonly owner: string;
  /** What it was told last to work on. */
  assigned(): readonly number[];
  /**
   * Sends a heartbeat, with its owned partitions if given; returns whether it got a new assignment.
   */
  heartbeat(owned?: readonly number[]): Promise<boolean>;
  /** Heartbeats until it is told to work on these. */
  untilAssigned(partitions: readonly number[]): Promise<void>;
  /** Answers the error code. */
  commit(partition: number, offset: number): Promise<number>;
  /** Its connections end, as when it is killed. */
  die(): void;
};

/** Joins the group. */
export async function joinRaw(
  t: TestContext,
  bootstrap: string,
  groupId: string,
  topic: string,
): Promise<RawMember> {
  const cluster = clusterAt(t, bootstrap);
  const { topicId } = await cluster.topic(topic);
  const memberId = randomUUID();
  let memberEpoch = 0;
  let assigned: readonly number[] = [];
  const tell = async (more: object) => {
    const value = { groupId, memberId, memberEpoch, ...more };
    const answer = await cluster.request(heartbeatApi, value, {});
    assert.equal(answer.errorCode, 0, String(answer.errorMessage));
    memberEpoch = answer.memberEpoch;
    const told = answer.assignment?.topicPartitions;
    if (told !== undefined) assigned = told.flatMap(({ partitions }) => partitions).toSorted();
    return told !== undefined;
  };
  await tell({ rebalanceTimeoutMs: 60_000, subscribedTopicNames: [topic], topicPartitions: [] });
  return {
    owner: `kafka/test/${memberId}`,
    assigned: () => assigned,
    heartbeat: (owned) =>
      tell(owned === undefined ? {} : { topicPartitions: [{ topicId, partitions: owned }] }),
    untilAssigned: (partitions) =>
      untilTrue(
        `partitions ${partitions.join()} to be assigned, not ${assigned.join()}`,
        async () => {
          await tell({});
          return String(assigned) === String(partitions);
        },
      ),
    async commit(partitionIndex, offset) {
      const each = { partitionIndex, committedOffset: BigInt(offset), committedMetadata: '' };
      const value = {
        groupId,
        memberId,
        generationIdOrMemberEpoch: memberEpoch,
        topics: [{ name: topic, partitions: [each] }],
      };
      const answer = await cluster.request(commitApi, value, { versionMax: commitVersionMax });
      return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
    },
    die: () => cluster.close(),
  };
}

/**
 * Joins a group whose members assign, beside one of kafkajs, once: asked to join again, it only
 * says that it lives.
 */
export async function joinClassic(
  t: TestContext,
  bootstrap: string,
  groupId: string,
  topic: string,
): Promise<{ heartbeat(): Promise<number> }> {
  const cluster = clusterAt(t, bootstrap);
  const metadata = AssignerProtocol.MemberMetadata.encode({
    version: 1,
    topics: [topic],
    userData: Buffer.alloc(0),
  });
  const asked = {
    groupId,
    sessionTimeoutMs: 6_000,
    rebalanceTimeoutMs: 60_000,
    protocolType: 'consumer',
    protocols: [{ name: 'RoundRobinAssigner', metadata }],
  };
  const joined = await cluster.request(joinApi, asked, { versionMax: joinVersionMax });
  assert.equal(joined.errorCode, 0);
  const { memberId, generationId } = joined;
  const member = { groupId, memberId, generationId };
  const synced = await cluster.request(syncApi, member, { versionMax: joinVersionMax });
  assert.equal(synced.errorCode, 0);
  return {
    heartbeat: async () => (await cluster.request(classicHeartbeatApi, member, {})).errorCode,
  };
}
