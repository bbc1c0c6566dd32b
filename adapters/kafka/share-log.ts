/**
 * The ShareLog port: share groups of the backing cluster, without members. Source: KIP-932. How
 * sessions make that possible is in share-sessions.ts.
 */
import { GatewayError } from '../../src/domain/errors.ts';
import { type Offset, toOffset } from '../../src/domain/streams/stream.ts';
import type {
  Acquired,
  AcquiredRecord,
  AcquireLimits,
  Settlement,
  SettlementResult,
  ShareGroup,
  ShareLog,
  SharePosition,
  ShareTerms,
} from '../../src/ports/share-log.ts';
import { type Patience, untilDefined } from '../../src/runtime/retry.ts';
import { errorCodes } from '../../src/wire/errors.ts';
import {
  deleteGroupsRequest,
  deleteGroupsResponse,
} from '../../src/wire/messages/42-delete-groups.ts';
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from '../../src/wire/messages/90-describe-share-group-offsets.ts';
import {
  alterShareGroupOffsetsRequest,
  alterShareGroupOffsetsResponse,
} from '../../src/wire/messages/91-alter-share-group-offsets.ts';
import { atLeader } from './at-leader.ts';
import type { Cluster, TopicMetadata } from './cluster.ts';
import type { Connection } from './connection.ts';
import { Coordinators } from './coordinators.ts';
import { CodeError, errorOf, isRetriable } from './error-kinds.ts';
import { readAcquired } from './share-records.ts';
import { type Acknowledgements, type Fetched, ShareSessions } from './share-sessions.ts';
import { ShareSettings } from './share-settings.ts';
import { recordlessAcknowledgements, ShareVerdicts } from './share-verdicts.ts';

const describeOffsetsApi = {
  request: describeShareGroupOffsetsRequest,
  response: describeShareGroupOffsetsResponse,
};
const alterOffsetsApi = {
  request: alterShareGroupOffsetsRequest,
  response: alterShareGroupOffsetsResponse,
};
const deleteGroupsApi = { request: deleteGroupsRequest, response: deleteGroupsResponse };

/** A new cluster makes the topics of its coordinators with the first request to them. */
const coordinatorPatience = { everyMs: 50, waitMsMax: 30_000 };
/** How long a coordinator may not know a topic that exists. */
const positionPatience = { everyMs: 50, waitMsMax: 10_000 };
/** The coordinator gives new partitions positions at the heartbeats of members: every 5 s. */
const extensionPatience = { everyMs: 200, waitMsMax: 10_000 };
/** While a group is in use, the leaders of its log are asked for this often. */
const leadersAgeMsMax = 1_000;
/** Fetches in a row that acquire nothing but markers, after the time to wait is over. */
const recordlessFetchesMax = 8;

/** The responses that count as an error of the whole group. */
type Coded = { readonly errorCode: number; readonly errorMessage: string | null };

export class KafkaShareLog implements ShareLog {
  readonly #cluster: Cluster;
  readonly #coordinators: Coordinators;
  readonly #settings: ShareSettings;
  readonly #sessions: ShareSessions;
  readonly #verdicts: ShareVerdicts;
  /** Connections on which leaders were asked for since they were opened. */
  readonly #seen = new WeakSet<Connection>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#coordinators = new Coordinators(cluster, 'group', coordinatorPatience);
    this.#settings = new ShareSettings(cluster);
    this.#sessions = new ShareSessions(cluster);
    this.#verdicts = new ShareVerdicts(cluster, this.#sessions);
  }

  async create(
    group: ShareGroup,
    settings: { readonly lockMs: number },
    starts: ReadonlyMap<number, Offset>,
  ): Promise<ShareTerms> {
    // Before the positions: the group is never there without its settings.
    const terms = await this.#settings.set(group.groupId, settings);
    await this.#untilPlaced(group, positionPatience, async () => starts);
    return terms;
  }

  async extend(group: ShareGroup, starts: ReadonlyMap<number, Offset>): Promise<void> {
    await this.#untilPlaced(group, extensionPatience, async () => {
      const placed = await this.positions(group);
      return new Map([...starts].filter(([partition]) => !placed.has(partition)));
    });
  }

  change({ groupId }: ShareGroup, settings: { readonly lockMs: number }): Promise<ShareTerms> {
    return this.#settings.set(groupId, settings);
  }

  terms({ groupId }: ShareGroup): Promise<ShareTerms> {
    return this.#settings.of(groupId);
  }

  async acquire(
    group: ShareGroup,
    partitions: readonly number[],
    limits: AcquireLimits,
  ): Promise<Acquired> {
    const { signal } = limits;
    if (signal === undefined) return this.#acquire(group, partitions, limits);
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.#acquire(group, partitions, limits)
        .then((acquired) => (signal.aborted ? this.#giveBack(group, acquired) : resolve(acquired)))
        .catch(reject)
        .finally(() => signal.removeEventListener('abort', abort));
    });
  }

  settle(
    group: ShareGroup,
    member: string,
    settlements: readonly Settlement[],
  ): Promise<readonly SettlementResult[]> {
    return this.#verdicts.settle(group, member, settlements);
  }

  async byLeader(
    group: ShareGroup,
    partitions: readonly number[],
  ): Promise<readonly (readonly number[])[]> {
    let topic = await this.#cluster.topic(group.log);
    // It may have grown.
    const isUnknown = (partition: number) => topic.leaders[partition] === undefined;
    if (partitions.some(isUnknown)) topic = await this.#cluster.refresh(group.log);
    const leaders = new Map<number, number[]>();
    for (const partition of partitions) {
      if (isUnknown(partition)) throw noPartition(group, partition);
      const leader = topic.leaders[partition]!;
      if (leader < 0) continue;
      const led = leaders.get(leader);
      if (led === undefined) leaders.set(leader, [partition]);
      else led.push(partition);
    }
    return [...leaders.values()];
  }

  async positions({ groupId, log }: ShareGroup): Promise<ReadonlyMap<number, SharePosition>> {
    const found = await this.#ask(groupId, async (node) => {
      const groups = [{ groupId, topics: null }];
      const request = { groups };
      const answer = await this.#cluster.requestTo(node, 'control', describeOffsetsApi, request);
      return answer.groups[0]!;
    });
    const positions = new Map<number, SharePosition>();
    for (const { topicName, partitions } of found.topics) {
      if (topicName !== log) continue;
      for (const { partitionIndex, startOffset, lag, errorCode, errorMessage } of partitions) {
        if (errorCode !== errorCodes.NONE) {
          throw errorOf(errorCode, `positions of share group ${groupId}`, errorMessage);
        }
        if (startOffset < 0n) continue;
        const position = { startOffset: toOffset(startOffset) };
        positions.set(partitionIndex, lag < 0n ? position : { ...position, left: Number(lag) });
      }
    }
    return positions;
  }

  async delete({ groupId }: ShareGroup): Promise<void> {
    try {
      await this.#ask(groupId, async (node) => {
        const request = { groupsNames: [groupId] };
        const answer = await this.#cluster.requestTo(node, 'control', deleteGroupsApi, request);
        return answer.results[0]!;
      });
    } catch (error) {
      if (!(error instanceof GatewayError && error.kind === 'not-found')) throw error;
    }
    await this.#sessions.end(groupId);
    await this.#settings.remove(groupId);
  }

  /** Sets positions until Kafka has all of those that are still wanted. */
  async #untilPlaced(
    { groupId, log }: ShareGroup,
    patience: Patience,
    wanted: () => Promise<ReadonlyMap<number, Offset>>,
  ): Promise<void> {
    let last: GatewayError | undefined;
    const placed = await untilDefined(patience, async () => {
      const starts = await wanted();
      if (starts.size === 0) return true;
      last = await this.#place(groupId, log, starts);
      return last === undefined ? true : undefined;
    });
    if (placed === undefined) throw last;
  }

  /** Returns a failure that may pass. Errors: those that will not. */
  async #place(
    groupId: string,
    log: string,
    starts: ReadonlyMap<number, Offset>,
  ): Promise<GatewayError | undefined> {
    const partitions = [...starts].map(([partitionIndex, startOffset]) => ({
      partitionIndex,
      startOffset,
    }));
    const request = { groupId, topics: [{ topicName: log, partitions }] };
    const answer = await this.#coordinators.ask(groupId, {
      request: (node) => this.#cluster.requestTo(node, 'control', alterOffsetsApi, request),
      codeOf: ({ errorCode }) => errorCode,
    });
    const what = `positions of share group ${groupId}`;
    // Where it has members, its coordinator sets the positions of new partitions itself.
    const mayPass = (code: number) => isRetriable(code) || code === errorCodes.NON_EMPTY_GROUP;
    const all: readonly Coded[] = [answer, ...answer.responses.flatMap((each) => each.partitions)];
    for (const { errorCode, errorMessage } of all) {
      if (errorCode === errorCodes.NONE) continue;
      const error = errorOf(errorCode, what, errorMessage);
      if (!mayPass(errorCode)) throw error;
      return error;
    }
    return undefined;
  }

  /** Errors: `not-found`, Kafka's. */
  async #ask<A extends Coded>(groupId: string, request: (node: number) => Promise<A>): Promise<A> {
    const codeOf = ({ errorCode }: A) => errorCode;
    const answer = await this.#coordinators.ask(groupId, { request, codeOf });
    if (answer.errorCode === errorCodes.NONE) return answer;
    throw errorOf(answer.errorCode, `share group ${groupId}`, answer.errorMessage);
  }

  async #acquire(
    group: ShareGroup,
    partitions: readonly number[],
    limits: AcquireLimits,
  ): Promise<Acquired> {
    const { signal } = limits;
    const where = { log: group.log, partition: partitions[0]! };
    const untilMs = performance.now() + limits.waitMsMax;
    for (let recordless = 0; ;) {
      const { acquired, hadNone } = await atLeader(
        this.#cluster,
        where,
        (leader) => this.#acquireAt(leader, group, partitions, { ...limits, untilMs }),
        signal,
      );
      if (acquired.records.length > 0) return acquired;
      signal?.throwIfAborted();
      if (hadNone) recordless++;
      const isOver = performance.now() >= untilMs;
      if (isOver && (!hadNone || recordless >= recordlessFetchesMax)) return acquired;
    }
  }

  /** One fetch. `hadNone`: it acquired offsets, but they had no records. */
  async #acquireAt(
    leader: number,
    group: ShareGroup,
    partitions: readonly number[],
    limits: AcquireLimits & { readonly untilMs: number },
  ): Promise<{ readonly acquired: Acquired; readonly hadNone: boolean }> {
    const { groupId, log } = group;
    const topic = await this.#cluster.topic(log);
    const target = { groupId, topicId: topic.topicId };
    const led = partitions.filter((partition) => topic.leaders[partition] === leader);
    const [fetched, leaders] = await this.#sessions.fetch(
      leader,
      target,
      { ...limits, partitions: led },
      (connection) => this.#leadersNow(connection, topic),
    );
    const lockedUntilMs = Date.now() + fetched.lockMs;
    const records: AcquiredRecord[] = [];
    const recordless: Acknowledgements[] = [];
    for (const partition of fetched.partitions) {
      const { partitionIndex } = partition;
      const where = { log, partition: partitionIndex };
      const epoch = leaders?.leaderEpochs[partitionIndex] ?? Infinity;
      const without = await readAcquired(partition, where, epoch, records);
      if (without.gaps.length === 0 && without.unread.length === 0) continue;
      recordless.push(recordlessAcknowledgements(partitionIndex, without));
    }
    if (recordless.length > 0) {
      // If this fails, they are delivered again after their lock.
      const settled = this.#sessions.acknowledge(leader, target, fetched.member, recordless);
      await settled.catch(() => undefined);
    }
    if (records.length === 0) throwFailure(fetched, log);
    const acquired = { member: fetched.member, lockedUntilMs, records };
    return { acquired, hadNone: recordless.length > 0 };
  }

  /**
   * The leaders, asked for after the fetch began if what is known is older than a second, or if the
   * connection is new, as it is after a restart of the broker. Undefined: they cannot be found now.
   *
   * A change that nothing of this shows is possible: leadership that moves away and back within
   * that second, with no request in between that fails; and a broker that answers while it has not
   * yet heard of the change. Records of the second after it may then be said to be of this leader.
   */
  async #leadersNow(
    connection: Connection,
    known: TopicMetadata,
  ): Promise<TopicMetadata | undefined> {
    const isOld = performance.now() - known.askedAtMs > leadersAgeMsMax;
    if (this.#seen.has(connection) && !isOld) return known;
    try {
      const leaders = await this.#cluster.refresh(known.name);
      this.#seen.add(connection);
      return leaders;
    } catch {
      return undefined;
    }
  }

  /** For a caller that is gone. If it fails, the locks end by time. */
  async #giveBack(group: ShareGroup, { member, records }: Acquired): Promise<void> {
    const settlements = records.map(({ partition, offset }) => ({
      ...{ partition, offset },
      verdict: 'release' as const,
    }));
    await this.settle(group, member, settlements).catch(() => undefined);
  }
}

/** Errors: Kafka's for a partition, if there is one. */
function throwFailure({ partitions }: Fetched, log: string): void {
  for (const { partitionIndex, errorCode } of partitions) {
    if (errorCode === errorCodes.NONE) continue;
    throw new CodeError(errorCode, { log, partition: partitionIndex });
  }
}

function noPartition({ log }: ShareGroup, partition: number): GatewayError {
  return new GatewayError('not-found', `${log} has no partition ${partition}`);
}
