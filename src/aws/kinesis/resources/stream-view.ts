import { encryptionKeyAt, statusAt } from '../../../domain/streams/stream-settings.ts';
import type { Stream, StreamStatus } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { KinesisError, streamNotActive } from '../errors.ts';
import { streamArnOf } from './stream-address.ts';

/** The members shared by DescribeStream and DescribeStreamSummary. */
export function viewStream(stream: Stream, context: KinesisContext) {
  const nowMs = context.clock.nowMs();
  const keyId = encryptionKeyAt(stream, nowMs);
  return {
    StreamName: stream.name,
    StreamARN: streamArnOf(stream.name, context),
    StreamStatus: statusAt(stream, nowMs),
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: wholeSecond(stream.createdAtMs),
    EnhancedMonitoring: [{ ShardLevelMetrics: stream.settings?.metrics ?? [] }],
    EncryptionType: keyId === undefined ? ('NONE' as const) : ('KMS' as const),
    KeyId: keyId,
  };
}

/** AWS returns creation times of streams and consumers in whole seconds. */
export function wholeSecond(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000;
}

/** Errors: ResourceInUseException if the stream's status does not allow the call. */
export function assertStatus(
  stream: Stream,
  context: KinesisContext,
  allowed: readonly StreamStatus[] = ['ACTIVE'],
): void {
  const status = statusAt(stream, context.clock.nowMs());
  if (allowed.includes(status)) return;
  throw streamNotActive(stream.name, context.account, status);
}

/** Errors: ValidationException, because AWS reshards on-demand streams by itself. */
export function assertProvisioned({ mode, name }: Stream, { account }: KinesisContext): void {
  if (mode === 'PROVISIONED') return;
  throw new KinesisError(
    'ValidationException',
    `Request is invalid. Stream ${name} under account ${account} is in On-Demand mode.`,
  );
}

/** The EncryptionType in put responses; AWS omits it for unencrypted streams. */
export function encryptionShown(stream: Stream, context: KinesisContext): 'KMS' | undefined {
  return encryptionKeyAt(stream, context.clock.nowMs()) === undefined ? undefined : 'KMS';
}
