/**
 * CreateStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
 * Responds once the backing log exists, so the stream is ACTIVE at once.
 */
import { isGatewayError } from '../../../domain/errors.ts';
import type { StreamMode, StreamSettings } from '../../../domain/streams/stream.ts';
import { assertMoreStreams } from '../limits/account-limits.ts';
import { defineAction } from '../action.ts';
import { KinesisError, validationFailed } from '../errors.ts';
import { required, structure, type ValueOf } from '../../protocol/shape.ts';
import {
  naturalInteger,
  positiveInteger,
  recordDistributionStrategy,
  recordKiBMax,
  streamModeDetails,
  streamName,
  tagMap,
} from '../shapes.ts';
import {
  assertPolicyTags,
  assertTagCharacters,
  assertTagCount,
  assertTagKeys,
} from '../resources/tags.ts';
import { assertDistributable } from '../resources/record-distribution.ts';
import { assertWarmThroughput } from '../resources/warm-throughput.ts';
import { theStream } from '../resources/touched.ts';

/** The initial shards of an on-demand stream: 4 MB/s. */
export const onDemandShardCount = 4;

const input = structure({
  ShardCount: positiveInteger,
  StreamName: required(streamName),
  StreamModeDetails: streamModeDetails,
  Tags: tagMap,
  WarmThroughputMiBps: naturalInteger,
  MaxRecordSizeInKiB: recordKiBMax,
  RecordDistributionStrategy: recordDistributionStrategy,
});

export const createStream = defineAction({
  name: 'CreateStream',
  input,
  errors: [
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ValidationException',
  ],
  deviations: [
    'RecordDistributionStrategy is refused for provisioned streams, whatever its value.',
  ],
  rate: { perSecond: 5, per: 'account' },
  touches: theStream,
  async handle(request, context) {
    const { streams, account } = context;
    const { StreamName: name, Tags: tags, MaxRecordSizeInKiB: recordKiB } = request;
    const mode = request.StreamModeDetails?.StreamMode ?? 'PROVISIONED';
    const { WarmThroughputMiBps: warmMiBps } = request;
    if (warmMiBps !== undefined) {
      assertWarmMode(request.ShardCount, mode);
      await assertWarmThroughput(warmMiBps, mode, context);
    }
    const shardCount = shardCountOf(request, mode);
    const { RecordDistributionStrategy: distribution } = request;
    if (distribution !== undefined) assertDistributable(name, mode, account);
    const what = `add tags to stream ${name} under account ${account}`;
    if (tags !== undefined) {
      assertTagKeys(Object.keys(tags));
      assertTagCharacters([...Object.keys(tags), ...Object.values(tags)], what);
      assertTagCount(tags, what, 'stream');
      assertPolicyTags(tags);
    }
    await assertMoreStreams(mode, shardCount, context);
    try {
      await streams.create({
        name,
        shardCount,
        mode,
        ...(recordKiB === undefined ? {} : { recordKiBMax: recordKiB }),
        ...(tags === undefined ? {} : { tags }),
        ...settingsOf(request),
      });
    } catch (error) {
      if (!isGatewayError(error, 'in-use')) throw error;
      throw new KinesisError(
        'ResourceInUseException',
        `Stream ${name} under account ${account} already exists.`,
        { cause: error },
      );
    }
  },
});

function settingsOf({
  WarmThroughputMiBps: warmThroughputMiBps,
  RecordDistributionStrategy: distribution,
}: ValueOf<typeof input>): { readonly settings?: StreamSettings } {
  const settings = {
    ...(warmThroughputMiBps === undefined ? {} : { warmThroughputMiBps }),
    ...(distribution === undefined ? {} : { distribution }),
  };
  return Object.keys(settings).length === 0 ? {} : { settings };
}

/** Errors: ValidationException, which AWS returns before it checks the account's limits. */
function assertWarmMode(shardCount: number | undefined, mode: StreamMode): void {
  if (shardCount !== undefined) {
    throw validationFailed("Either 'warmThroughputMiBps' or 'shardCount' can be set but not both");
  }
  if (mode === 'ON_DEMAND') return;
  throw validationFailed(
    'WarmThroughputMiBps cannot be set while creating stream in Provisioned StreamMode',
  );
}

function shardCountOf(
  { ShardCount: count, WarmThroughputMiBps: warm = 0 }: ValueOf<typeof input>,
  mode: StreamMode,
): number {
  if (mode === 'ON_DEMAND') {
    if (count === undefined) return Math.max(onDemandShardCount, warm);
    throw validationFailed('ShardCount must not be specified for a stream in ON_DEMAND mode.');
  }
  if (count !== undefined) return count;
  throw validationFailed(
    "1 validation error detected: Value null at 'shardCount' failed to satisfy constraint: " +
      'Member must not be null',
  );
}
