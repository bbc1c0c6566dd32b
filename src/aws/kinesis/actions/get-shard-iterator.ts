/**
 * GetShardIterator:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
 *
 * LATEST is the current end of the log: records that are put afterwards are read, however late the
 * first GetRecords call is. AT_TIMESTAMP is the first record of that millisecond or later.
 */
import { printShardIterator } from '../../../domain/records/shard-iterator.ts';
import { defineAction } from '../action.ts';
import { dryRun } from '../errors.ts';
import { findShard, shardIndexIn } from '../resources/shard-address.ts';
import { boolean, required, string, structure, timestamp } from '../../protocol/shape.ts';
import { sequenceNumber, shardId, shardIterator, streamAddress } from '../shapes.ts';
import { startingOffset, startingPositionTypes } from '../records/starting-position.ts';
import { findStream, streamNameIn } from '../resources/stream-address.ts';
import { assertIterator } from '../limits/throughput.ts';
import { theStream } from '../resources/touched.ts';

const { StreamName, StreamARN, StreamId } = streamAddress;
const input = structure({
  ShardId: required(shardId),
  ShardIteratorType: required(string({ values: startingPositionTypes })),
  StartingSequenceNumber: sequenceNumber,
  StreamName,
  Timestamp: timestamp(),
  StreamARN,
  StreamId,
  DryRun: boolean(),
});
export const getShardIterator = defineAction({
  name: 'GetShardIterator',
  input,
  output: structure({ ShardIterator: shardIterator }),
  errors: [
    'AccessDeniedException',
    'DryRunOperationException',
    'InternalFailure',
    'InvalidArgumentException',
    'ProvisionedThroughputExceededException',
    'ResourceNotFoundException',
  ],
  deviations: ['TRIM_HORIZON begins with the oldest record that is kept when it is first read.'],
  touches: theStream,
  async handle(request, context) {
    const name = streamNameIn(request, context);
    if (request.DryRun === true) {
      // AWS checks this before it looks up shard and position.
      await findStream({ StreamName: name }, context);
      throw dryRun('GetShardIterator');
    }
    const shardIndex = shardIndexIn(request.ShardId, name, context.account);
    const found = await findShard(name, shardIndex, context);
    const { stream } = found;
    assertIterator(found, context);
    const given = {
      type: request.ShardIteratorType,
      sequenceNumber: request.StartingSequenceNumber,
      timestampMs: request.Timestamp,
    };
    const offset = await startingOffset(given, found, context, 'GetShardIterator');
    const position = { stream: stream.name, logId: stream.logId, shardIndex, offset };
    return { ShardIterator: printShardIterator(position, context.clock.nowMs(), context.secret) };
  },
});
