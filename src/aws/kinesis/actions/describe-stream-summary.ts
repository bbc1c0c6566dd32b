/**
 * DescribeStreamSummary:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html
 */
import { queuesOf } from '../../../domain/queues/stream-queues.ts';
import { openShardCount } from '../../../domain/streams/stream-rules.ts';
import type { Stream } from '../../../domain/streams/stream.ts';
import { defineAction } from '../action.ts';
import { required, string, structure, timestamp } from '../../protocol/shape.ts';
import {
  encryptionType,
  enhancedMonitoring,
  naturalInteger,
  recordDistributionStrategy,
  recordKiBMax,
  retentionHours,
  streamAddress,
  streamArn,
  streamModeDetails,
  streamName,
  streamStatus,
  warmThroughput,
} from '../shapes.ts';
import { findStream } from '../resources/stream-address.ts';
import { viewDistribution } from '../resources/record-distribution.ts';
import { viewStream } from '../resources/stream-view.ts';
import { viewWarmThroughput } from '../resources/warm-throughput.ts';
import { theStream } from '../resources/touched.ts';

const streamDescriptionSummary = structure({
  StreamName: required(streamName),
  StreamARN: required(streamArn),
  StreamStatus: required(streamStatus),
  StreamModeDetails: streamModeDetails,
  RetentionPeriodHours: required(retentionHours),
  StreamCreationTimestamp: required(timestamp()),
  EnhancedMonitoring: required(enhancedMonitoring),
  EncryptionType: encryptionType,
  KeyId: string(),
  OpenShardCount: naturalInteger,
  ConsumerCount: naturalInteger,
  QueueCount: naturalInteger,
  WarmThroughput: warmThroughput,
  MaxRecordSizeInKiB: recordKiBMax,
  RecordDistributionStrategy: recordDistributionStrategy,
});

export const describeStreamSummary = defineAction({
  name: 'DescribeStreamSummary',
  input: structure(streamAddress),
  output: structure({ StreamDescriptionSummary: required(streamDescriptionSummary) }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 20, per: 'account' },
  touches: theStream,
  async handle(request, context) {
    const stream = await findStream(request, context, 'fresh');
    return {
      StreamDescriptionSummary: {
        ...viewStream(stream, context),
        // AWS omits it for streams that are CREATING or DELETING, although its model requires it.
        OpenShardCount: isThere(stream) ? openShardCount(stream) : undefined,
        ConsumerCount: stream.consumers.length,
        QueueCount: queuesOf(stream).length,
        WarmThroughput: viewWarmThroughput(stream),
        MaxRecordSizeInKiB: stream.recordKiBMax,
        RecordDistributionStrategy: viewDistribution(stream),
      },
    };
  },
});

function isThere({ status }: Stream): boolean {
  return status === 'ACTIVE' || status === 'UPDATING';
}
