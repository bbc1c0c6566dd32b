import type { Stream, StreamStatus } from '../domain/stream.ts';
import type { KinesisContext } from './action.ts';
import { streamNotActive } from './errors.ts';
import { streamArnOf } from './stream-address.ts';

/** The members that DescribeStream and DescribeStreamSummary share. */
export function viewStream(stream: Stream, context: KinesisContext) {
  return {
    StreamName: stream.name,
    StreamARN: streamArnOf(stream.name, context),
    StreamStatus: stream.status,
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: stream.createdAtMs,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE' as const,
  };
}

/** Errors: ResourceInUseException where the stream's state does not allow the call. */
export function assertStatus(
  stream: Stream,
  context: KinesisContext,
  allowed: readonly StreamStatus[] = ['ACTIVE'],
): void {
  if (allowed.includes(stream.status)) return;
  throw streamNotActive(stream.name, context.account, stream.status);
}
