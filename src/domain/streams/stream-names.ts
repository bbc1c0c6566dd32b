/**
 * Which names are names of streams. A stream and its topic have one name, so a name must be legal
 * for AWS and for Kafka, and must not be one that the cluster keeps for itself. docs/names.md shows
 * the rules side by side. Pure.
 *
 * Source: StreamName in the Kinesis API reference; `Topic` of Apache Kafka's clients (legal
 * characters, length, internal topics, colliding names).
 */

/** AWS allows 128 characters, Kafka 249: a topic with a longer name is no stream. */
const charactersMax = 128;
const legalName = /^[a-zA-Z0-9_.-]+$/;

/**
 * What brokers keep in topics: offsets of groups, transactions, share groups, tiered storage, and
 * the log of the controllers, which is no topic at all. Brokers mark only the first three as
 * internal, and let clients make topics of all these names but the last.
 */
const topicsOfBrokers: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  '__remote_log_metadata',
  '__cluster_metadata',
]);

/** Topics of the gateway's own begin so. */
const ownPrefix = '__kineska_';

/** A name that Kafka or the gateway keeps for itself: nobody's stream. */
export function isReservedName(name: string): boolean {
  return topicsOfBrokers.has(name) || name.startsWith(ownPrefix);
}

/** Whether a topic of this name is a stream, and a stream of this name can have a topic. */
export function isStreamName(name: string): boolean {
  return whyNoStreamName(name) === undefined;
}

/** Why there can be no stream of this name; undefined where there can. */
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

/** Kafka refuses a second topic whose name differs in `.` and `_` only: names of metrics clash. */
export function areOneToKafka(one: string, other: string): boolean {
  return one.replaceAll('.', '_') === other.replaceAll('.', '_');
}
