/**
 * Settings of a stream besides its shards; pure transitions. Sources: the pages of
 * StartStreamEncryption, EnableEnhancedMonitoring, UpdateStreamMode, UpdateStreamWarmThroughput,
 * UpdateStreamRecordDistributionStrategy and PutResourcePolicy of the Kinesis API reference.
 *
 * A change is complete when it is stored. That the stream shows UPDATING for a moment afterwards is
 * a function of time, so a gateway that dies leaves no stream in that state.
 */
import { GatewayError } from '../errors.ts';
import { openShardCount } from './stream-rules.ts';
import {
  type RecordDistribution,
  type ShardLevelMetric,
  shardLevelMetrics,
  type Stream,
  type StreamMode,
  type StreamSettings,
  type StreamStatus,
} from './stream.ts';

/** How long clients see a stream as UPDATING after a change of its settings. */
export const settingsUpdateMs = 500;
export const encryptionChangesPerDayMax = 25;
export const modeChangesPerDayMax = 2;
export const shardCountChangesPerDayMax = 10;
/** 10 GiB per second. */
export const warmThroughputMiBpsMax = 10_240;
/**
 * The number of changes that are remembered, from which the EncryptionType of records is derived.
 */
const encryptionChangesKeptMax = 100;
/** The number of characters of policies for which a stream's row in the catalog has room. */
const policyCharactersMax = 250_000;

const dayMs = 86_400_000;

/** The status that clients see. */
export function statusAt(
  { status, updatingUntilMs = 0 }: Pick<Stream, 'status' | 'updatingUntilMs'>,
  nowMs: number,
): StreamStatus {
  return status === 'ACTIVE' && nowMs < updatingUntilMs ? 'UPDATING' : status;
}

/** The stream with new settings; UPDATING for a moment. */
export function withSettings(
  stream: Stream,
  settings: StreamSettings,
  updatingUntilMs?: number,
): Stream {
  return {
    ...stream,
    settings: { ...stream.settings, ...settings },
    ...(updatingUntilMs === undefined ? {} : { updatingUntilMs }),
  };
}

/** The same metrics in AWS's order, without duplicates. */
export function orderedMetrics(wanted: ReadonlySet<string>): readonly ShardLevelMetric[] {
  return shardLevelMetrics.filter((name) => wanted.has(name));
}

/** The key for records that are written at this time; undefined if they are not encrypted. */
export function encryptionKeyAt({ settings }: Stream, timeMs: number): string | undefined {
  return settings?.encryption?.findLast(({ atMs }) => atMs <= timeMs)?.keyId;
}

/**
 * Encrypts with the key from the end of the update on; without a key, encryption ends. The stream
 * becomes UPDATING even if nothing changes, as on AWS. Errors: `limit-exceeded` after 25 such
 * changes in 24 hours.
 */
export function withEncryption(stream: Stream, keyId: string | undefined, nowMs: number): Stream {
  const changes = stream.settings?.encryption ?? [];
  const alike = changes.filter(
    (each) => (each.keyId === undefined) === (keyId === undefined) && each.atMs > nowMs - dayMs,
  );
  if (alike.length >= encryptionChangesPerDayMax) {
    throw new GatewayError(
      'limit-exceeded',
      `Encryption of stream ${stream.name} was changed ${encryptionChangesPerDayMax} times in ` +
        'the last 24 hours.',
    );
  }
  const atMs = nowMs + settingsUpdateMs;
  const change = keyId === undefined ? { atMs } : { atMs, keyId };
  const encryption = [...changes, change].slice(-encryptionChangesKeptMax);
  return withSettings(stream, { encryption }, atMs);
}

/**
 * Errors: `limit-exceeded` after two changes in 24 hours; `in-use` for a stream with queues, which
 * only on-demand streams have; `policy-violation` for a topic that was not created through Kinesis:
 * it has no capacity to manage.
 */
export function withMode(stream: Stream, mode: StreamMode, nowMs: number): Stream {
  if (stream.mode === mode) return stream;
  if (stream.rules === 'kafka') {
    throw new GatewayError(
      'policy-violation',
      `${stream.name} was not made by CreateStream: it follows Kafka's rules and has no capacity ` +
        'mode.',
    );
  }
  if (mode === 'PROVISIONED' && (stream.settings?.queues?.length ?? 0) > 0) {
    throw new GatewayError(
      'in-use',
      `The mode of stream ${stream.name} cannot be changed to PROVISIONED while it has queues.`,
    );
  }
  const lately = (stream.settings?.modeChangesMs ?? []).filter((atMs) => atMs > nowMs - dayMs);
  if (lately.length >= modeChangesPerDayMax) {
    throw new GatewayError(
      'limit-exceeded',
      `The mode of stream ${stream.name} was changed ${modeChangesPerDayMax} times in the last ` +
        '24 hours.',
    );
  }
  const updatingUntilMs = nowMs + settingsUpdateMs;
  // Usage is only recorded while a stream is on-demand, and only then it may spread its records.
  const { onDemand: _former, distribution: _spread, ...kept } = stream.settings ?? {};
  const changed = withSettings(
    { ...stream, mode, settings: kept },
    { modeChangesMs: [...lately, nowMs] },
    updatingUntilMs,
  );
  return mode === 'PROVISIONED' ? withWarmThroughput(changed, 0) : changed;
}

/** Records a change of the shard count. Errors: `limit-exceeded` after ten changes in 24 hours. */
export function withShardCountChange(stream: Stream, nowMs: number): Stream {
  const lately = (stream.settings?.shardCountChangesMs ?? []).filter((at) => at > nowMs - dayMs);
  if (lately.length >= shardCountChangesPerDayMax) {
    throw new GatewayError(
      'limit-exceeded',
      `The shard count of stream ${stream.name} was changed ${shardCountChangesPerDayMax} times ` +
        'in the last 24 hours.',
    );
  }
  return withSettings(stream, { shardCountChangesMs: [...lately, nowMs] });
}

export function distributionOf({ settings }: Pick<Stream, 'settings'>): RecordDistribution {
  return settings?.distribution ?? 'USER_PARTITION_KEY';
}

/** Takes effect at once: the stream is not UPDATING afterwards. */
export function withDistribution(stream: Stream, distribution: RecordDistribution): Stream {
  if (distributionOf(stream) === distribution) return stream;
  return withSettings(stream, { distribution });
}

/** Zero ends it. */
export function withWarmThroughput(stream: Stream, miBps: number): Stream {
  return withSettings(stream, { warmThroughputMiBps: miBps });
}

export type WarmThroughput = { readonly targetMiBps: number; readonly currentMiBps: number };

/** Undefined if the stream has none. A shard accepts 1 MiB per second. */
export function warmThroughputOf(stream: Stream): WarmThroughput | undefined {
  const targetMiBps = stream.settings?.warmThroughputMiBps ?? 0;
  if (targetMiBps === 0 || stream.mode !== 'ON_DEMAND') return undefined;
  return { targetMiBps, currentMiBps: Math.min(openShardCount(stream), targetMiBps) };
}

/**
 * Sets a policy: the consumer's if `consumerName` is given. Errors: `limit-exceeded` if the
 * policies of the stream and its consumers would be too large together.
 */
export function withPolicy(
  stream: Stream,
  consumerName: string | undefined,
  policy: string | undefined,
): Stream {
  const changed =
    consumerName === undefined
      ? ownPolicy(stream, policy)
      : consumerPolicy(stream, consumerName, policy);
  if (policy === undefined) return changed;
  let characters = changed.settings?.policy?.length ?? 0;
  for (const consumer of changed.consumers) characters += consumer.policy?.length ?? 0;
  if (characters <= policyCharactersMax) return changed;
  throw new GatewayError(
    'limit-exceeded',
    `The resource policies of stream ${stream.name} and its consumers are over ` +
      `${policyCharactersMax} characters together.`,
  );
}

function ownPolicy(stream: Stream, policy: string | undefined): Stream {
  const { policy: _former, ...rest } = stream.settings ?? {};
  return { ...stream, settings: policy === undefined ? rest : { ...rest, policy } };
}

function consumerPolicy(stream: Stream, name: string, policy: string | undefined): Stream {
  const consumers = stream.consumers.map((consumer) => {
    if (consumer.name !== name) return consumer;
    const { policy: _former, ...rest } = consumer;
    return policy === undefined ? rest : { ...rest, policy };
  });
  return { ...stream, consumers };
}
