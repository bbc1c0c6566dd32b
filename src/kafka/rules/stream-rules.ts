/** What the Kafka door knows of streams, and how it refuses what their rules forbid. */
import { isGatewayError } from '../../domain/errors.ts';
import type { StreamDirectory } from '../../streams/directory.ts';

/** What the Kafka door needs of the stream directory. */
export type StreamRulesView = Pick<
  StreamDirectory,
  'find' | 'findNow' | 'peek' | 'known' | 'isCurrent' | 'forget' | 'logDeleted'
>;

/** Whether the topic is a stream that CreateStream made, with Kinesis rules on both doors. */
export async function hasKinesisRules(streams: StreamRulesView, topic: string): Promise<boolean> {
  try {
    return (await streams.find(topic)).rules === 'kinesis';
  } catch (error) {
    // What is no stream has no rules; Kafka says what it is instead.
    if (isGatewayError(error, 'not-found')) return false;
    throw error;
  }
}

/**
 * How many of a topic's partitions are shards. Only streams that the gateway knows are asked for:
 * a partition of another one that is no shard yet is met when somebody writes to it.
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
 * Parts the items of a request into those that go on and those that are refused: `check` gives
 * the message of a refusal, or undefined. Only items on streams with Kinesis rules are checked.
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
