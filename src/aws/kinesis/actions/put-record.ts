/**
 * PutRecord: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
 *
 * Kafka assigns offsets in the order of writes, so every put gets a greater sequence number than
 * all puts that were acknowledged before: SequenceNumberForOrdering is validated, and its guarantee
 * always holds.
 */
import {
  parseEarlierNumber,
  parseSequenceNumber,
  printSequenceNumber,
  sequenceNumberOf,
} from '../../../domain/records/sequence-number.ts';
import { shardIdOf, type Stream } from '../../../domain/streams/stream.ts';
import { GatewayError } from '../../../domain/errors.ts';
import { outcome } from '../../../streams/writer.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { dryRun, invalidArgument } from '../errors.ts';
import {
  findStreamToPut,
  peekStreamToPut,
  putBodyBytesMax,
  recordOf,
} from '../records/put-entry.ts';
import { isSpread, placementOf } from '../records/put-placement.ts';
import { boolean, required, structure } from '../../protocol/shape.ts';
import {
  data,
  encryptionType,
  hashKey,
  partitionKey,
  sequenceNumber,
  shardId,
  streamAddress,
} from '../shapes.ts';
import { ofStream } from '../resources/stream-address.ts';
import { encryptionShown } from '../resources/stream-view.ts';
import { assertWrite } from '../limits/throughput.ts';
import { theStream } from '../resources/touched.ts';

export const putRecord = defineAction({
  name: 'PutRecord',
  input: structure({
    SequenceNumberForOrdering: sequenceNumber,
    PartitionKey: partitionKey,
    ExplicitHashKey: hashKey,
    Data: required(data),
    ...streamAddress,
    DryRun: boolean(),
  }),
  output: structure({
    ShardId: required(shardId),
    SequenceNumber: required(sequenceNumber),
    EncryptionType: encryptionType,
  }),
  errors: [
    'AccessDeniedException',
    'DryRunOperationException',
    'InternalFailure',
    'InvalidArgumentException',
    'ProvisionedThroughputExceededException',
    'ResourceNotFoundException',
  ],
  deviations: [
    'SequenceNumberForOrdering is checked, and has no other effect: later puts always get ' +
      'greater numbers.',
  ],
  bodyBytesMax: putBodyBytesMax,
  touches: theStream,
  async handle(request, context) {
    const stream = peekStreamToPut(request, context) ?? (await findStreamToPut(request, context));
    const { SequenceNumberForOrdering: minimum } = request;
    const placement = placementOf(stream, request, context);
    if (minimum !== undefined) assertSequenceNumber(minimum, stream, context);
    const record = recordOf(stream, request);
    const shard = placement.shardFor((record.key?.length ?? 0) + request.Data.length);
    if (request.DryRun === true) throw dryRun('PutRecord');
    assertWrite(stream, shard, record, context);
    const written = await context.writer.write(stream, shard, [record], placement.route);
    const put = outcome(written, shard, 0, stream);
    if (put instanceof GatewayError) throw ofStream(put, stream.name, context);
    context.tally.records += 1;
    return {
      ShardId: shardIdOf(put.shard.index),
      SequenceNumber: printSequenceNumber(sequenceNumberOf(put.shard, put.offset)),
      EncryptionType: encryptionShown(stream, context),
    };
  },
});

/**
 * Errors: InvalidArgumentException for a number that no stream can have assigned yet, and for any
 * number if the stream spreads its records.
 */
function assertSequenceNumber(text: string, stream: Stream, context: KinesisContext): void {
  if (isSpread(stream)) {
    throw invalidArgument(
      `SequenceNumberForOrdering cannot be used in PutRecord on stream ${stream.name} under ` +
        `account ${context.account}: its record distribution strategy is AUTO.`,
    );
  }
  const parts = parseSequenceNumber(text) ?? parseEarlierNumber(text);
  if (parts !== undefined && parts.createdAtSeconds * 1000 <= context.clock.nowMs()) return;
  throw invalidArgument(
    `ExclusiveMinimumSequenceNumber ${text} used in PutRecord on stream ${stream.name} ` +
      `under account ${context.account} is invalid.`,
  );
}
