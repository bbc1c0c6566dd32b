/**
 * Enforces the write and read rates of shards for actions on records. Nothing is enforced if limits
 * are off, or for streams that follow Kafka's rules.
 */
import { type Shard, shardIdOf, type Stream } from '../../../domain/streams/stream.ts';
import type { AppendRecord, LogRecord } from '../../../ports/record-log.ts';
import type { Pace } from '../../../streams/limits/shard-limits.ts';
import type { KinesisContext } from '../action.ts';
import { KinesisError } from '../errors.ts';
import type { FoundShard } from '../resources/shard-address.ts';

/** Errors: ProvisionedThroughputExceededException. */
export function assertWrite(
  stream: Stream,
  { index }: Shard,
  { key, value }: AppendRecord,
  context: KinesisContext,
): void {
  const shards = context.limits.shards;
  if (shards === undefined) return;
  const bytes = (key?.length ?? 0) + (value?.length ?? 0);
  if (shards.takeWrite(stream, index, bytes, 1) === 0) return;
  throw throttled('PutRecord', stream, index, context);
}

/** How many of the records, from the first on, the shard accepts. */
export function recordsGranted(
  stream: Stream,
  { index }: Shard,
  records: readonly AppendRecord[],
  { limits }: KinesisContext,
): number {
  if (limits.shards === undefined) return records.length;
  const granted = limits.shards.takeRecords(stream, index, records);
  const refused = records.length - granted;
  if (refused > 0) limits.observer.throttled('kinesis', 'PutRecords', ownerOf(stream), refused);
  return granted;
}

/** Called before a shard is read. Errors: ProvisionedThroughputExceededException. */
export function assertRead({ stream, shard }: FoundShard, context: KinesisContext): void {
  const shards = context.limits.shards;
  if (shards === undefined || shards.beginRead(stream, shard.index) === 0) return;
  throw throttled('GetRecords', stream, shard.index, context);
}

/** Charges what was read. */
export function countRead(
  { stream, shard }: FoundShard,
  records: readonly LogRecord[],
  { limits }: KinesisContext,
): void {
  if (limits.shards === undefined) return;
  limits.shards.endRead(stream, shard.index, bytesOf(records));
}

/** Called before a position is looked up. Errors: ProvisionedThroughputExceededException. */
export function assertIterator({ stream, shard }: FoundShard, context: KinesisContext): void {
  const shards = context.limits.shards;
  if (shards === undefined || shards.takeIterator(stream, shard.index)) return;
  throw throttled('GetShardIterator', stream, shard.index, context);
}

/**
 * Called before a subscription; the key names shard and consumer. Errors: LimitExceededException.
 */
export function assertSubscription(stream: Stream, key: string, context: KinesisContext): void {
  const { limits, account } = context;
  if (limits.shards === undefined || limits.shards.takeSubscription(stream, key)) return;
  limits.observer.throttled('kinesis', 'SubscribeToShard', ownerOf(stream), 1);
  throw new KinesisError(
    'LimitExceededException',
    `Rate exceeded for stream ${stream.name} under account ${account}.`,
  );
}

/** The pace of a subscription; undefined if it has no limit. */
export function paceOf(stream: Stream, { limits }: KinesisContext): Pace | undefined {
  return limits.shards?.fanOutPace(stream);
}

/** The size of data and keys, as Kinesis counts it. */
export function bytesOf(records: readonly (AppendRecord | LogRecord)[]): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}

/** AWS's error for an exceeded rate of a shard. */
export function rateExceeded(stream: string, shardIndex: number, account: string): string {
  return (
    `Rate exceeded for shard ${shardIdOf(shardIndex)} in stream ${stream} ` +
    `under account ${account}.`
  );
}

function throttled(
  action: string,
  stream: Stream,
  shardIndex: number,
  { limits, account }: KinesisContext,
): KinesisError {
  limits.observer.throttled('kinesis', action, ownerOf(stream), 1);
  return new KinesisError(
    'ProvisionedThroughputExceededException',
    rateExceeded(stream.name, shardIndex, account),
  );
}

function ownerOf({ mode }: Stream): 'on-demand' | 'provisioned' {
  return mode === 'ON_DEMAND' ? 'on-demand' : 'provisioned';
}
