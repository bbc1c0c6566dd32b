/**
 * Share sessions without membership. Source: KIP-932, "Share sessions"; what it leaves open was
 * tried on Kafka 4.4, and is repeated by the tests of test/adapters/kafka/share.
 *
 * A broker keeps a session for each group and member id, whatever the connection: an initial
 * request (epoch 0) replaces it, and keeps what the member has acquired. A connection that closes
 * ends the last session that was opened on it, and releases the records of the partitions in it.
 * Requests of one connection are processed in order, so all work here is in pipelined requests that
 * end what they began:
 *
 * - *acquire*: a fetch that opens a session with partitions, an opening without partitions, and its
 *   end. The locks then belong to no session, and end by an acknowledgement, or by time.
 * - *acknowledge*: an opening without partitions, and an acknowledgement that ends it.
 * - *keeper*: a broker forgets all locks of a group when a connection closes that had a session of
 *   it and no session of the group is left. So each group has one session without partitions on
 *   each leader, opened before another one on the same connection: no connection's end ends it. Its
 *   member id follows from the group's, so all gateways share it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Turns } from '../../src/runtime/turns.ts';
import { errorCodes } from '../../src/wire/errors.ts';
import type { InputOf, ValueOf } from '../../src/wire/message.ts';
import { shareFetchRequest, shareFetchResponse } from '../../src/wire/messages/78-share-fetch.ts';
import {
  shareAcknowledgeRequest,
  shareAcknowledgeResponse,
} from '../../src/wire/messages/79-share-acknowledge.ts';
import { type Cluster, waitingConnectionsIdleMax } from './cluster.ts';
import type { Connection } from './connection.ts';
import { errorOf } from './error-kinds.ts';

const shareFetchApi = { request: shareFetchRequest, response: shareFetchResponse };
const acknowledgeApi = { request: shareAcknowledgeRequest, response: shareAcknowledgeResponse };

/** The first request of a session, and the last one. */
const initialEpoch = 0;
const finalEpoch = -1;
/** At most `maxRecords` are acquired; other modes give whole batches. */
const recordLimitMode = 1;
const memberIdBytes = 16;
/** Beside the time that a fetch waits for records. */
const answerMsMax = 20_000;
/** Fetches at a broker at the same time, each on a connection of its own. */
export const fetchesAtOnceMax = waitingConnectionsIdleMax;
/**
 * A fetch does not wake up when another member releases a record, so none waits longer; and not as
 * long where others wait for their turn.
 */
const fetchWaitMsMax = 1_000;
const crowdedFetchWaitMsMax = 100;
/** Another gateway that settles for the same member at the same moment ends the session. */
const sessionAttemptsMax = 20;
/** Keepers of these many groups are remembered per connection; others are opened again. */
const keepersKnownMax = 10_000;

export type ShareTarget = { readonly groupId: string; readonly topicId: string };

export type ShareFetch = {
  readonly partitions: readonly number[];
  readonly recordsMax: number;
  readonly bytesMax: number;
  /** When it is to return, on the clock of `performance.now()`. */
  readonly untilMs: number;
  readonly signal?: AbortSignal | undefined;
};

type Response = ValueOf<typeof shareFetchResponse>;
export type FetchedPartition = Response['responses'][number]['partitions'][number];

export type Fetched = {
  readonly member: string;
  readonly lockMs: number;
  readonly partitions: readonly FetchedPartition[];
};

/** For one partition: ranges in the order of their offsets, each with one type for all of it. */
export type Acknowledgements = {
  readonly partitionIndex: number;
  readonly acknowledgementBatches: readonly {
    readonly firstOffset: bigint;
    readonly lastOffset: bigint;
    readonly acknowledgeTypes: readonly number[];
  }[];
};

/** The result for one partition: Kafka's code. */
export type Acknowledged = { readonly partition: number; readonly code: number };

export class ShareSessions {
  readonly #cluster: Cluster;
  readonly #turns = new Map<number, Turns>();
  /** Groups whose keeper was opened, by the control connection: a broker's restart ends both. */
  readonly #kept = new WeakMap<Connection, LRUCache<string, Promise<void>>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * Fetches from partitions of one leader; the records are locked for a new member, which has no
   * session any more when this resolves. `onConnection` runs beside the fetch. Errors:
   * `unavailable`, Kafka's error for the request as a whole, the signal's while waiting for a turn.
   */
  async fetch<T>(
    leader: number,
    target: ShareTarget,
    fetch: ShareFetch,
    onConnection: (connection: Connection) => Promise<T>,
  ): Promise<readonly [Fetched, T]> {
    await this.#keep(leader, target.groupId);
    let turns = this.#turns.get(leader);
    if (turns === undefined) this.#turns.set(leader, (turns = new Turns(fetchesAtOnceMax)));
    return turns.run(async () => {
      fetch.signal?.throwIfAborted();
      const longest = turns.size > fetchesAtOnceMax ? crowdedFetchWaitMsMax : fetchWaitMsMax;
      const leftMs = Math.ceil(fetch.untilMs - performance.now());
      const waitMs = Math.max(0, Math.min(longest, leftMs));
      return this.#cluster.exclusively(leader, (connection) =>
        Promise.all([fetchDetached(connection, target, fetch, waitMs), onConnection(connection)]),
      );
    });
  }

  /**
   * Acknowledges as a member, whichever gateway made it up. Errors: `unavailable`, Kafka's error
   * for the request as a whole.
   */
  async acknowledge(
    leader: number,
    { groupId, topicId }: ShareTarget,
    member: string,
    partitions: readonly Acknowledgements[],
  ): Promise<readonly Acknowledged[]> {
    for (let attempt = 1; ; attempt++) {
      // One connection for each member, so that settlements of this gateway do not disturb others.
      const connection = await this.#cluster.connection(leader, 'share', laneOf(member));
      const [opened, answer] = await Promise.all([
        openSession(connection, groupId, member),
        endSession(connection, groupId, member, [{ topicId, partitions }]),
      ]);
      if (opened.errorCode !== errorCodes.NONE) throw failed(opened, groupId);
      const isCut = answer.errorCode === errorCodes.SHARE_SESSION_NOT_FOUND;
      if (isCut && attempt < sessionAttemptsMax) continue;
      if (answer.errorCode !== errorCodes.NONE) throw failed(answer, groupId);
      return answer.responses.flatMap((topic) =>
        topic.partitions.map(({ partitionIndex: partition, errorCode: code }) => ({
          partition,
          code,
        })),
      );
    }
  }

  /**
   * Ends the keepers of a group, and what brokers have in memory of its partitions. Nothing else
   * may use the group meanwhile. Errors: `unavailable`, Kafka's.
   */
  async end(groupId: string): Promise<void> {
    await this.#cluster.refreshBrokers();
    // Brokers that led partitions once may have a keeper too.
    await Promise.all([...this.#cluster.brokers.keys()].map((node) => this.#endAt(node, groupId)));
  }

  async #endAt(nodeId: number, groupId: string): Promise<void> {
    const known = await this.#cluster.connection(nodeId, 'control');
    this.#kept.get(known)?.delete(groupId);
    const member = keeperOf(groupId);
    const connection = await this.#cluster.open(nodeId);
    try {
      const [opened, ended] = await Promise.all([
        openSession(connection, groupId, member),
        endSession(connection, groupId, member, []),
      ]);
      for (const each of [opened, ended]) {
        const isGone = each.errorCode === errorCodes.SHARE_SESSION_NOT_FOUND;
        if (each.errorCode !== errorCodes.NONE && !isGone) throw failed(each, groupId);
      }
    } finally {
      // The broker looks for sessions of the group when a connection closes, not when one ends.
      connection.close();
    }
  }

  async #keep(leader: number, groupId: string): Promise<void> {
    const connection =
      this.#cluster.openConnection(leader, 'control') ??
      (await this.#cluster.connection(leader, 'control'));
    let kept = this.#kept.get(connection);
    if (kept === undefined) {
      kept = new LRUCache({ max: keepersKnownMax });
      this.#kept.set(connection, kept);
    }
    const known = kept.get(groupId);
    if (known !== undefined) return known;
    const opening = openKeeper(connection, groupId);
    kept.set(groupId, opening);
    const forget = () => void kept.delete(groupId);
    opening.catch(forget);
    return opening;
  }
}

/** The requests are written without a pause, so nothing comes between them on the connection. */
async function fetchDetached(
  connection: Connection,
  { groupId, topicId }: ShareTarget,
  { partitions, recordsMax, bytesMax }: ShareFetch,
  waitMs: number,
): Promise<Fetched> {
  const member = newMember();
  const options = { timeoutMs: waitMs + answerMsMax };
  const fetch = {
    ...initialFetch(groupId, member),
    maxWaitMs: waitMs,
    minBytes: 1,
    maxBytes: bytesMax,
    maxRecords: recordsMax,
    batchSize: recordsMax,
    topics: [{ topicId, partitions: partitions.map(withoutAcknowledgements) }],
  };
  try {
    const [fetched, opened, ended] = await Promise.all([
      connection.request(shareFetchApi, fetch, options),
      openSession(connection, groupId, member, options),
      endSession(connection, groupId, member, [], options),
    ]);
    for (const each of [fetched, opened, ended]) {
      if (each.errorCode !== errorCodes.NONE) throw failed(each, groupId);
    }
    const [topic] = fetched.responses;
    return {
      member,
      lockMs: fetched.acquisitionLockTimeoutMs,
      partitions: topic?.partitions ?? [],
    };
  } catch (error) {
    // Its end ends the session, if one is left, and releases what was acquired.
    connection.close();
    throw error;
  }
}

/** When the connection closes, its last session, the other one, has ended already. */
async function openKeeper(connection: Connection, groupId: string): Promise<void> {
  const other = newMember();
  const answers = await Promise.all([
    openSession(connection, groupId, keeperOf(groupId)),
    openSession(connection, groupId, other),
    endSession(connection, groupId, other, []),
  ]);
  for (const each of answers) if (each.errorCode !== errorCodes.NONE) throw failed(each, groupId);
}

function openSession(
  connection: Connection,
  groupId: string,
  member: string,
  options?: { readonly timeoutMs: number },
): Promise<Response> {
  return connection.request(shareFetchApi, initialFetch(groupId, member), options);
}

function endSession(
  connection: Connection,
  groupId: string,
  memberId: string,
  topics: InputOf<typeof shareAcknowledgeRequest>['topics'],
  options?: { readonly timeoutMs: number },
): Promise<ValueOf<typeof shareAcknowledgeResponse>> {
  const request = { groupId, memberId, shareSessionEpoch: finalEpoch, topics };
  return connection.request(acknowledgeApi, { ...request, isRenewAck: false }, options);
}

function initialFetch(groupId: string, memberId: string) {
  return {
    ...{ groupId, memberId, shareSessionEpoch: initialEpoch },
    ...{ maxWaitMs: 0, minBytes: 0, maxBytes: 0, maxRecords: 0, batchSize: 0 },
    ...{ shareAcquireMode: recordLimitMode, isRenewAck: false },
    topics: [],
    forgottenTopicsData: [],
  };
}

function withoutAcknowledgements(partitionIndex: number) {
  return { partitionIndex, acknowledgementBatches: [] };
}

function newMember(): string {
  return randomBytes(memberIdBytes).toString('base64url');
}

/** The same in every gateway. */
function keeperOf(groupId: string): string {
  const digest = createHash('sha256').update(`keeper of ${groupId}`).digest();
  return digest.toString('base64url', 0, memberIdBytes);
}

function laneOf(member: string): number {
  return member.charCodeAt(0) + member.charCodeAt(1);
}

function failed(
  { errorCode, errorMessage }: { errorCode: number; errorMessage: string | null },
  groupId: string,
) {
  return errorOf(errorCode, `share group ${groupId}`, errorMessage);
}
