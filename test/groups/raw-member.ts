/** A member of a group whose coordinator assigns (KIP-848): it does what the test says, no more. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../src/wire/messages/08-offset-commit.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../src/wire/messages/68-consumer-group-heartbeat.ts';
import { untilTrue } from '../support/until.ts';
import { clusterAt } from './doors.ts';

const heartbeatApi = {
  request: consumerGroupHeartbeatRequest,
  response: consumerGroupHeartbeatResponse,
};
const commitApi = { request: offsetCommitRequest, response: offsetCommitResponse };
/** By which commits still name topics. */
const commitVersionMax = 9;

export type RawMember = {
  /** As its leases name it. */
  readonly owner: string;
  /** What it was told last to work on. */
  assigned(): readonly number[];
  /** Tells that it lives and, where given, what it works on; answers whether it was told anew. */
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
