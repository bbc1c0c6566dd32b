/**
 * Fetch: records of partitions. Source: the Kafka protocol guide; KIP-951 for NodeEndpoints.
 *
 * Responses pass in pieces as they arrive, without being decoded; those with records of streams
 * whose shards have limits are held until they are complete (../rules/shard-throttling.ts). Brokers
 * are asked in version 15 at most, because from version 16 on they may add addresses at the very
 * end of a response, after all records. Otherwise versions 15 to 18 are identical for a consumer's
 * request and its response (17 and 18 add fields for followers). See
 * docs/decisions/0005-fetch-version.md.
 */
import {
  fetchRequest as request,
  fetchResponse as response,
} from '../../wire/messages/01-fetch.ts';
import type { Access } from '../../access/authorizer.ts';
import { errorCodes } from '../../wire/errors.ts';
import type { Decoded } from '../../wire/message.ts';
import { fetchSessionOf } from '../../wire/scan/fetch.ts';
import { writeVersion } from '../../wire/scan/request-head.ts';
import { onAllTopics, onCluster, onTopics } from '../access.ts';
import { type Call, defineApi, type PassageLine } from '../api.ts';
import type { FetchSession } from '../rules/fetch-session.ts';

const askedVersionMax = 15;
const topicIdsSince = 13;
const firstEpoch = 0;

type Request = Decoded<(typeof request)['fields']>;
/** A session that may start with the response. */
type Beginning = {
  readonly session: FetchSession;
  readonly named: Parameters<FetchSession['begin']>[1];
};
type Line = PassageLine<(typeof response)['fields'], Beginning>;

export const fetch = defineApi({
  request,
  response,
  deviations: [
    'Over the limits of a shard: throttle_time_ms says how long to wait (KINESKA_LIMITS).',
    'After a leader moved, the answer does not name the new one (KIP-951): clients ask Metadata.',
  ],
  touches: touched,
  onRefused(asked, refusals, call) {
    const refused = new Set(refusals.map(({ access }) => access.name));
    const isFollower = refusals.some(({ access }) => access.kind === 'all');
    const isRefused = (topic: Labels) =>
      isFollower || onTopics('Read', [labelled(topic)], call).some(({ name }) => refused.has(name));
    const responses = asked.topics
      .filter(isRefused)
      .map(({ partitions, ...labels }) => ({ ...labels, partitions: partitions.map(refusedIn) }));
    // The client must name all partitions, in a new session.
    return !isFollower && responses.length < refused.size
      ? { errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND }
      : { responses };
  },
  passage(line: Line, { throttling }) {
    const reader = throttling?.reader();
    return {
      begin(buffer, position, head, asked) {
        if (head.version > askedVersionMax) writeVersion(buffer, position, askedVersionMax);
        const answer = line.expect(head, asked && beginningOf(asked, head.version, line));
        answer.throttle = reader?.look(buffer, position, head);
        return 'pass';
      },
    };
  },
  passes(buffer, start, version, beginning) {
    if (beginning === undefined) return true;
    const sessionId = fetchSessionOf(buffer, start, version);
    if (sessionId === undefined) return false;
    if (sessionId !== 0) beginning.session.begin(String(sessionId), beginning.named);
    return true;
  },
});

/** The topics in the request, and all topics of the session that it continues. */
function touched(asked: Request, call: Call): Access | readonly Access[] {
  const { replicaId, replicaState, sessionId, sessionEpoch, topics, forgottenTopicsData } = asked;
  if (Math.max(replicaId, replicaState.replicaId) >= 0) return onCluster('ClusterAction');
  const named = onTopics('Read', topics.map(labelled), call);
  if (sessionEpoch <= firstEpoch) return named;
  const { fetched } = call.connection.session;
  const forgotten = forgottenTopicsData.map((each) => ({
    topic: labelIn(each, call.version),
    partitions: each.partitions,
  }));
  const read = fetched.goOn(String(sessionId), partitionsIn(asked, call.version), forgotten);
  if (read === undefined) return [...named, onAllTopics('Read')];
  const usesIds = call.version >= topicIdsSince;
  return onTopics(
    'Read',
    read.map((each) => (usesIds ? { topicId: each } : { name: each })),
    call,
  );
}

function refusedIn({ partition: partitionIndex }: Request['topics'][number]['partitions'][number]) {
  const errorCode = errorCodes.TOPIC_AUTHORIZATION_FAILED;
  return { partitionIndex, errorCode, highWatermark: -1n, records: null };
}

function beginningOf(asked: Request, version: number, { connection }: Line): Beginning | undefined {
  if (asked.sessionEpoch !== firstEpoch) return undefined;
  return { session: connection.session.fetched, named: partitionsIn(asked, version) };
}

function partitionsIn({ topics }: Request, version: number): Beginning['named'] {
  return topics.map((each) => ({
    topic: labelIn(each, version),
    partitions: each.partitions.map(({ partition }) => partition),
  }));
}

type Labels = { readonly topic: string; readonly topicId: string };

function labelled({ topic: name, topicId }: Labels) {
  return { name, topicId };
}

function labelIn({ topic, topicId }: Labels, version: number): string {
  return version >= topicIdsSince ? topicId : topic;
}
