/** Shapes that several actions share, with the constraints of AWS's service model. */
import {
  blob,
  integer,
  list,
  map,
  type Members,
  required,
  string,
  structure,
  timestamp,
} from '../protocol/shape.ts';
import { recordDistributions } from '../../domain/streams/stream.ts';

/** A structure with the name that validation messages print. */
export function namedStructure<M extends Members>(members: M, name: string) {
  return structure(members, `com.amazonaws.kinesis.v20131202.${name}`);
}

const namePattern = '[a-zA-Z0-9_.-]+';

export const streamName = string({ pattern: namePattern, min: 1, max: 128 });
export const streamArn = string({
  pattern: 'arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+',
  min: 1,
  max: 2048,
});
export const streamId = string({ pattern: '[a-z0-9]{20}-[a-z0-9]{3}', min: 1, max: 24 });

/** The members that name a stream, in every action that takes one. */
export const streamAddress = {
  StreamName: streamName,
  StreamARN: streamArn,
  StreamId: streamId,
};

export const shardId = string({ pattern: namePattern, min: 1, max: 128 });
export const hashKey = string({ pattern: '^(0|([1-9]\\d{0,38}))$' });
export const sequenceNumber = string({ pattern: '^(0|([1-9]\\d{0,128}))$' });
export const partitionKey = string({ min: 1, max: 256 });
/** 10 MiB: the largest record of any stream; each stream has its own smaller limit. */
export const data = blob({ max: 10_485_760 });
export const shardIterator = string({ min: 1, max: 512 });
export const nextToken = string({ min: 1, max: 1_048_576 });
export const pageLimit = integer({ min: 1, max: 10_000 });
export const positiveInteger = integer({ min: 1 });
export const naturalInteger = integer({ min: 0 });
export const retentionHours = integer();
export const recordKiBMax = integer({ min: 1024, max: 10_240 });

export const tagKey = string({ min: 1, max: 128 });
export const tagValue = string({ min: 0, max: 256 });
export const tagMap = map(tagKey, tagValue, { min: 1, max: 200 });
export const tagKeys = list(tagKey, { min: 1, max: 50 });
export const tag = namedStructure({ Key: required(tagKey), Value: tagValue }, 'Tag');

export const streamStatus = string({ values: ['CREATING', 'DELETING', 'ACTIVE', 'UPDATING'] });
export const streamModeDetails = namedStructure(
  { StreamMode: required(string({ values: ['ON_DEMAND', 'PROVISIONED'] })) },
  'StreamModeDetails',
);
export const recordDistributionStrategy = string({ values: recordDistributions });
export const encryptionType = string({ values: ['KMS', 'NONE'] });

export const hashKeyRange = namedStructure(
  { StartingHashKey: required(hashKey), EndingHashKey: required(hashKey) },
  'HashKeyRange',
);
export const sequenceNumberRange = namedStructure(
  { StartingSequenceNumber: required(sequenceNumber), EndingSequenceNumber: sequenceNumber },
  'SequenceNumberRange',
);
export const shard = namedStructure(
  {
    ShardId: required(shardId),
    ParentShardId: shardId,
    AdjacentParentShardId: shardId,
    HashKeyRange: required(hashKeyRange),
    SequenceNumberRange: required(sequenceNumberRange),
  },
  'Shard',
);
export const childShard = namedStructure(
  {
    ShardId: required(shardId),
    ParentShards: required(list(shardId)),
    HashKeyRange: required(hashKeyRange),
  },
  'ChildShard',
);

const consumerStatus = string({ values: ['CREATING', 'DELETING', 'ACTIVE'] });
export const consumerName = string({ pattern: namePattern, min: 1, max: 128 });
export const consumerArn = string({
  pattern:
    '^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+' +
    '\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+',
  min: 1,
  max: 2048,
});
/** The members that name a registered consumer. */
export const consumerAddress = {
  StreamARN: streamArn,
  ConsumerName: consumerName,
  ConsumerARN: consumerArn,
  StreamId: streamId,
};
/** The members that every response with a consumer has. */
export const consumerMembers = {
  ConsumerName: required(consumerName),
  ConsumerARN: required(consumerArn),
  ConsumerStatus: required(consumerStatus),
  ConsumerCreationTimestamp: required(timestamp()),
};
export const consumer = namedStructure(consumerMembers, 'Consumer');

export const queueArn = string({
  pattern: 'arn:aws.*:kinesis:.*:\\d{12}:queue/\\S+',
  min: 1,
  max: 2048,
});
/** Of a queue, a call or an entry. */
export const visibilitySeconds = integer({ min: 0, max: 43_200 });

/** A record as GetRecords and SubscribeToShard return it. */
export const record = namedStructure(
  {
    SequenceNumber: required(sequenceNumber),
    ApproximateArrivalTimestamp: timestamp(),
    Data: required(data),
    /** Absent for records without one in streams that spread their records (AUTO). */
    PartitionKey: partitionKey,
    EncryptionType: encryptionType,
  },
  'Record',
);

/** The ARN of a stream, a registered consumer or a queue; those of channels match nothing yet. */
export const resourceArn = string({
  pattern: 'arn:aws.*:kinesis:.*:\\d{12}:.*(stream|channel|queue)/\\S+',
  min: 1,
  max: 2048,
});
export const resourceAddress = { ResourceARN: required(resourceArn), StreamId: streamId };
export const tagList = list(tag, { min: 0, max: 200 });
export const policy = string();
export const keyId = string({ min: 1, max: 2048 });

export const warmThroughput = namedStructure(
  { TargetMiBps: naturalInteger, CurrentMiBps: naturalInteger },
  'WarmThroughputObject',
);

/** In the order in which AWS's error messages list them, like all values here. */
const metricNames = [
  'ALL',
  'IteratorAgeMilliseconds',
  'IncomingBytes',
  'WriteProvisionedThroughputExceeded',
  'OutgoingRecords',
  'ReadProvisionedThroughputExceeded',
  'IncomingRecords',
  'OutgoingBytes',
] as const;
export const metricNameList = list(string({ values: metricNames }), { min: 1, max: 7 });
export const enhancedMonitoring = list(
  namedStructure({ ShardLevelMetrics: metricNameList }, 'EnhancedMetrics'),
);
