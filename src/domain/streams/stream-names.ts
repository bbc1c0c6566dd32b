/**
 * Which names a stream may have. A stream and its topic have the same name, so it must be legal for
 * AWS and for Kafka, and must not be reserved by the cluster. docs/names.md shows the rules side by
 * side. Pure.
 *
 * Source: StreamName in the Kinesis API reference; `Topic` of Apache Kafka's clients (legal
 * characters, length, internal topics, colliding names).
 */

/** AWS allows 128 characters, Kafka 249: a topic with a longer name is not a stream. */
const charactersMax = 128;
const legalName = /^[a-zA-Z0-9_.-]+$/;

/**
 * The brokers' own topics: offsets of groups, transactions, share groups, tiered storage, and the
 * log of the controllers, which is not a topic at all. Brokers mark only the first three as
 * internal, and let clients create topics of all these names except the last.
 */
const topicsOfBrokers: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  '__remote_log_metadata',
  '__cluster_metadata',
]);

/** The prefix of the gateway's own topics. */
const ownPrefix = '__kineska_';

/** Whether Kafka or the gateway reserves the name for itself: such a topic is never a stream. */
export function isReservedName(name: string): boolean {
  return topicsOfBrokers.has(name) || name.startsWith(ownPrefix);
}

/** Whether a stream and its topic may have the name: it is legal for both and not reserved. */
export function isStreamName(name: string): boolean {
  return whyNoStreamName(name) === undefined;
}

/** Why there can be no stream of this name; undefined if there can. */
export function whyNoStreamName(name: string): string | undefined {
  if (isReservedName(name)) {
    return `Stream name ${name} is reserved for an internal topic of the backing cluster.`;
  }
  if (name === '.' || name === '..') {
    return `Stream name ${name} is not supported: the backing cluster allows no such topic.`;
  }
  if (legalName.test(name) && name.length <= charactersMax) return undefined;
  return `Stream name ${name} is not 1 to ${charactersMax} of the characters a-z A-Z 0-9 _ . -`;
}

/**
 * Kafka refuses a second topic whose name differs only in `.` and `_`, because the names of their
 * metrics would collide.
 */
export function areOneToKafka(one: string, other: string): boolean {
  return one.replaceAll('.', '_') === other.replaceAll('.', '_');
}
