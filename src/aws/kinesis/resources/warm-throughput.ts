/**
 * The warm throughput of on-demand streams. Source: UpdateStreamWarmThroughput of the Kinesis API
 * reference; "Warm throughput for On-demand Advantage", Kinesis Data Streams developer guide.
 */
import { commitmentStatusAt } from '../../../domain/streams/account-settings.ts';
import {
  warmThroughputMiBpsMax,
  warmThroughputOf,
} from '../../../domain/streams/stream-settings.ts';
import type { Stream, StreamMode } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { KinesisError, validationFailed } from '../errors.ts';

export function viewWarmThroughput(stream: Stream) {
  const found = warmThroughputOf(stream);
  if (found === undefined) return undefined;
  return { TargetMiBps: found.targetMiBps, CurrentMiBps: found.currentMiBps };
}

/**
 * Errors: ValidationException if the account's settings or the stream's mode do not allow warm
 * throughput, LimitExceededException if it is more than a stream can have.
 */
export async function assertWarmThroughput(
  miBps: number,
  mode: StreamMode,
  { accounts, account, clock }: KinesisContext,
): Promise<void> {
  if (commitmentStatusAt(await accounts.get(account), clock.nowMs()) === 'DISABLED') {
    throw validationFailed(
      `Account ${account} is not enabled for minimum throughput billing commitment`,
    );
  }
  if (mode !== 'ON_DEMAND') {
    throw validationFailed(
      'WarmThroughputMiBps can only be specified for a stream in ON_DEMAND mode.',
    );
  }
  if (miBps > warmThroughputMiBpsMax) {
    throw new KinesisError(
      'LimitExceededException',
      `WarmThroughputMiBps ${miBps} exceeds the limit of ${warmThroughputMiBpsMax} MiB/s of a ` +
        'stream.',
    );
  }
}
