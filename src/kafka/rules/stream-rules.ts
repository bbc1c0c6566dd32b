/** The Kafka door's view of streams, and how it refuses requests that their rules forbid. */
import { isGatewayError } from '../../domain/errors.ts';
import type { StreamDirectory } from '../../streams/directory.ts';

/** The part of the stream directory that the Kafka door uses. */
export type StreamRulesView = Pick<
  StreamDirectory,
  'find' | 'findNow' | 'peek' | 'known' | 'isCurrent' | 'forget' | 'logDeleted'
>;

/**
 * Whether the topic is a stream that was created by CreateStream, with Kinesis rules on both doors.
 */
export async function hasKinesisRules(streams: StreamRulesView, topic: string): Promise<boolean> {
  try {
    return (await streams.find(topic)).rules === 'kinesis';
  } catch (error) {
    // A topic that is not a stream has no rules; Kafka responds for it.
    if (isGatewayError(error, 'not-found')) return false;
    throw error;
  }
}

/**
 * How many of a topic's partitions are shards. Only cached streams are considered: for others, a
 * partition that is not a shard yet is handled when it is written to.
 */
export async function shardCountWithin(
  streams: StreamRulesView,
  topic: string,
  partitionCount: number,
): Promise<number> {
  const known = streams.known(topic);
  if (known === undefined || known.rules !== 'kinesis') return partitionCount;
  if (known.shards.length >= partitionCount) return partitionCount;
  try {
    const { rules, shards } = await streams.find(topic);
    return rules === 'kinesis' ? Math.min(partitionCount, shards.length) : partitionCount;
  } catch (error) {
    if (isGatewayError(error)) return partitionCount;
    throw error;
  }
}

export type Refusal<T> = { readonly item: T; readonly message: string };

/**
 * Splits the items of a request into those to relay and those to refuse: `check` returns the
 * message of a refusal, or undefined. Only items on streams with Kinesis rules are checked.
 */
export async function partByRules<T>(
  streams: StreamRulesView,
  items: readonly T[],
  topicOf: (item: T) => string | undefined,
  check: (item: T) => string | undefined,
): Promise<{ readonly passed: readonly T[]; readonly refused: readonly Refusal<T>[] }> {
  const passed: T[] = [];
  const refused: Refusal<T>[] = [];
  for (const item of items) {
    const topic = topicOf(item);
    const message = topic === undefined ? undefined : check(item);
    if (message !== undefined && (await hasKinesisRules(streams, topic!))) {
      refused.push({ item, message });
    } else {
      passed.push(item);
    }
  }
  return { passed, refused };
}
