/**
 * The GroupCoordinator port: requests the committed offsets of a group from its coordinator, and
 * the groups of every broker.
 */
import { toOffset } from '../../src/domain/streams/stream.ts';
import type { GroupOffset, GroupPartition } from '../../src/domain/leases/group-offset.ts';
import type {
  CommittedOffsets,
  GroupCoordinator,
  GroupMember,
} from '../../src/ports/group-coordinator.ts';
import {
  offsetFetchRequest,
  offsetFetchResponse,
} from '../../src/wire/messages/09-offset-fetch.ts';
import {
  describeGroupsRequest,
  describeGroupsResponse,
} from '../../src/wire/messages/15-describe-groups.ts';
import { listGroupsRequest, listGroupsResponse } from '../../src/wire/messages/16-list-groups.ts';
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from '../../src/wire/messages/69-consumer-group-describe.ts';
import { consumerProtocolAssignment } from '../../src/wire/messages/consumer-protocol.ts';
import { Reader } from '../../src/wire/primitives.ts';
import { readMessage } from '../../src/wire/message.ts';
import type { Cluster } from './cluster.ts';
import { Coordinators } from './coordinators.ts';
import { errorOf } from './error-kinds.ts';
import { errorCodes } from '../../src/wire/errors.ts';

const offsetFetchApi = { request: offsetFetchRequest, response: offsetFetchResponse };
const listGroupsApi = { request: listGroupsRequest, response: listGroupsResponse };

const describeGroupsApi = { request: describeGroupsRequest, response: describeGroupsResponse };
const consumerGroupDescribeApi = {
  request: consumerGroupDescribeRequest,
  response: consumerGroupDescribeResponse,
};

/** Later versions use topic ids. */
const offsetFetchVersionMax = 9;
const patience = { everyMs: 50, waitMsMax: 3_000 };
/** Share groups store their state elsewhere and commit no offsets. */
const shareGroupType = 'share';

/** Partitions by topic; null for all. */
type Asked =
  readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null;

type FetchedGroup = {
  readonly errorCode: number;
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly committedOffset: bigint;
      readonly errorCode: number;
    }[];
  }[];
};

export class KafkaGroupCoordinator implements GroupCoordinator {
  readonly #cluster: Cluster;
  readonly #coordinators: Coordinators;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#coordinators = new Coordinators(cluster, 'group', patience);
  }

  async list(): Promise<readonly string[]> {
    await this.#cluster.refreshBrokers();
    const ids = new Set<string>();
    for (const nodeId of this.#cluster.brokers.keys()) {
      const answer = await this.#cluster.requestTo(nodeId, 'control', listGroupsApi, {
        statesFilter: [],
        typesFilter: [],
      });
      if (answer.errorCode !== errorCodes.NONE) throw errorOf(answer.errorCode, 'list groups');
      for (const { groupId, groupType } of answer.groups) {
        if (groupType.toLowerCase() !== shareGroupType) ids.add(groupId);
      }
    }
    return [...ids];
  }

  async members(groupId: string): Promise<readonly GroupMember[]> {
    const { members } = await this.#coordinators.ask(groupId, {
      request: (node) => this.#membersAt(node, groupId),
      codeOf: ({ code }) => code,
    });
    return members;
  }

  async #membersAt(node: number, groupId: string) {
    const { groups } = await this.#cluster.requestTo(node, 'control', describeGroupsApi, {
      groups: [groupId],
    });
    const code = groups[0]?.errorCode ?? errorCodes.NONE;
    const classic = (groups[0]?.members ?? []).map(
      ({ memberId, clientId, clientHost, memberAssignment }) => ({
        memberId,
        clientId,
        clientHost,
        partitions: assignedIn(memberAssignment),
      }),
    );
    if (classic.length > 0) return { code, members: classic };
    return { code, members: await this.#consumerMembers(node, groupId) };
  }

  /** Members by KIP-848, which brokers before 4.0 do not have. */
  async #consumerMembers(node: number, groupId: string): Promise<readonly GroupMember[]> {
    const connection = await this.#cluster.connection(node, 'control');
    if (connection.versionsOf(consumerGroupDescribeRequest.key) === undefined) return [];
    const answer = await connection.request(consumerGroupDescribeApi, { groupIds: [groupId] });
    return (answer.groups[0]?.members ?? []).map(
      ({ memberId, clientId, clientHost, assignment }) => ({
        memberId,
        clientId,
        clientHost,
        partitions: assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
          partitions.map((partition) => ({ topic: topicName, partition })),
        ),
      }),
    );
  }

  committed(groupId: string): Promise<CommittedOffsets> {
    return this.#offsets(groupId, null);
  }

  settled(groupId: string, partitions: readonly GroupPartition[]): Promise<CommittedOffsets> {
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of partitions) {
      topics.set(topic, [...(topics.get(topic) ?? []), partition]);
    }
    // If all are requested, Kafka omits partitions that only have pending transactional offsets.
    const asked = [...topics].map(([name, partitionIndexes]) => ({ name, partitionIndexes }));
    return this.#offsets(groupId, asked);
  }

  async #offsets(groupId: string, asked: Asked): Promise<CommittedOffsets> {
    const fetched = await this.#coordinators.ask(groupId, {
      request: (node) => this.#fetch(node, groupId, asked),
      codeOf: failureOf,
    });
    const code = failureOf(fetched);
    if (code === errorCodes.NONE) return offsetsOf(fetched);
    if (code === errorCodes.GROUP_ID_NOT_FOUND) return { offsets: [], pending: [] };
    throw errorOf(code, `offsets of group ${groupId}`);
  }

  async #fetch(node: number, groupId: string, topics: Asked): Promise<FetchedGroup> {
    const groups = [{ groupId, topics }];
    const answer = await this.#cluster.requestTo(
      node,
      'control',
      offsetFetchApi,
      { groupId, topics, groups, requireStable: topics !== null },
      { versionMax: offsetFetchVersionMax },
    );
    // Brokers before 3.0 respond for one group, in separate fields.
    return answer.groups[0] ?? answer;
  }
}

/** The assignment of a classic member; empty if it is not a consumer's assignment. */
function assignedIn(assignment: Buffer): GroupPartition[] {
  if (assignment.length < 2) return [];
  const version = Math.min(assignment.readInt16BE(0), consumerProtocolAssignment.versionMax);
  try {
    const reader = new Reader(assignment, 2);
    const { assignedPartitions } = readMessage(consumerProtocolAssignment, version, reader);
    return assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  } catch {
    // Connect and others store their own bytes here.
    return [];
  }
}

/** The first code that is an error; an offset that is pending in a transaction is not one. */
function failureOf({ errorCode, topics }: FetchedGroup): number {
  if (errorCode !== errorCodes.NONE) return errorCode;
  for (const { partitions } of topics) {
    for (const each of partitions) {
      if (
        each.errorCode !== errorCodes.NONE &&
        each.errorCode !== errorCodes.UNSTABLE_OFFSET_COMMIT
      ) {
        return each.errorCode;
      }
    }
  }
  return errorCodes.NONE;
}

/** For requested partitions, Kafka also returns −1 if they have no offset. */
function offsetsOf({ topics }: FetchedGroup): CommittedOffsets {
  const offsets: GroupOffset[] = [];
  const pending: GroupPartition[] = [];
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, committedOffset, errorCode } of partitions) {
      const where = { topic: name, partition: partitionIndex };
      // Offsets of a transaction that is ongoing or is being completed.
      if (errorCode === errorCodes.UNSTABLE_OFFSET_COMMIT) pending.push(where);
      else offsets.push({ ...where, offset: toOffset(committedOffset) });
    }
  }
  return { offsets, pending };
}
