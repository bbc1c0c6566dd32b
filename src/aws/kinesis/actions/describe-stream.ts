/**
 * DescribeStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html
 */
import { defineAction } from '../action.ts';
import { boolean, list, required, string, structure, timestamp } from '../../protocol/shape.ts';
import {
  encryptionType,
  enhancedMonitoring,
  pageLimit,
  retentionHours,
  shard,
  shardId,
  streamAddress,
  streamArn,
  streamModeDetails,
  streamName,
  streamStatus,
} from '../shapes.ts';
import { keptShards, shardsAfter, viewShard } from '../resources/shard-listing.ts';
import { findStream } from '../resources/stream-address.ts';
import { viewStream } from '../resources/stream-view.ts';
import { theStream } from '../resources/touched.ts';

/** AWS accepts a larger Limit, but returns no more than this. */
export const describedShardsMax = 100;

const streamDescription = structure({
  StreamName: required(streamName),
  StreamARN: required(streamArn),
  StreamStatus: required(streamStatus),
  StreamModeDetails: streamModeDetails,
  Shards: required(list(shard)),
  HasMoreShards: required(boolean()),
  RetentionPeriodHours: required(retentionHours),
  StreamCreationTimestamp: required(timestamp()),
  EnhancedMonitoring: required(enhancedMonitoring),
  EncryptionType: encryptionType,
  KeyId: string(),
});

export const describeStream = defineAction({
  name: 'DescribeStream',
  input: structure({
    Limit: pageLimit,
    ExclusiveStartShardId: shardId,
    ...streamAddress,
  }),
  output: structure({ StreamDescription: required(streamDescription) }),
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 10, per: 'account' },
  touches: theStream,
  async handle(request, context) {
    const stream = await findStream(request, context, 'fresh');
    const { Limit: limit = describedShardsMax, ExclusiveStartShardId: after } = request;
    const kept = stream.status === 'CREATING' ? [] : keptShards(stream, context.clock.nowMs());
    const listed = after === undefined ? kept : shardsAfter(kept, after);
    const page = listed.slice(0, Math.min(limit, describedShardsMax));
    return {
      StreamDescription: {
        ...viewStream(stream, context),
        Shards: page.map(viewShard),
        HasMoreShards: page.length < listed.length,
      },
    };
  },
});
