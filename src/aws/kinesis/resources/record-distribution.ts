/**
 * The record distribution strategy of on-demand streams. Source:
 * UpdateStreamRecordDistributionStrategy of the Kinesis API reference.
 */
import { distributionOf } from '../../../domain/streams/stream-settings.ts';
import type { RecordDistribution, Stream, StreamMode } from '../../../domain/streams/stream.ts';
import { invalidArgument } from '../errors.ts';

/** DescribeStreamSummary shows it for on-demand streams only. */
export function viewDistribution(stream: Stream): RecordDistribution | undefined {
  return stream.mode === 'ON_DEMAND' ? distributionOf(stream) : undefined;
}

/** Errors: InvalidArgumentException. */
export function assertDistributable(name: string, mode: StreamMode, account: string): void {
  if (mode === 'ON_DEMAND') return;
  throw invalidArgument(
    `Stream ${name} under account ${account} is in PROVISIONED mode: RecordDistributionStrategy ` +
      'is only supported for streams in ON_DEMAND mode.',
  );
}
