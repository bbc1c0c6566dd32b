/**
 * PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
 *
 * The records of one shard are appended together, in the order of the request, so records with the
 * same partition key keep their order, unless the stream spreads its records (AUTO). Shards are
 * written concurrently; a failure or an exceeded rate of one shard is reported in the results of
 * its records. After a record that exceeds the rate, all later records of its shard are refused
 * too, so that they keep their order when they are retried.
 */
import { printSequenceNumber, sequenceNumberOf } from '../../../domain/records/sequence-number.ts';
import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import { shardIdOf } from '../../../domain/streams/stream.ts';
import { GatewayError } from '../../../domain/errors.ts';
import { outcome, type Placed, type Route, type Written } from '../../../streams/writer.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { dryRun, invalidArgument } from '../errors.ts';
import { findStreamToPut, peekStreamToPut, putBodyBytesMax } from '../records/put-entry.ts';
import { type Part, partsOf } from '../records/put-placement.ts';
import {
  boolean,
  integer,
  list,
  required,
  string,
  structure,
  type ValueOf,
} from '../../protocol/shape.ts';
import {
  data,
  encryptionType,
  hashKey,
  namedStructure,
  partitionKey,
  sequenceNumber,
  shardId,
  streamAddress,
} from '../shapes.ts';
import { namingTheStream } from '../resources/stream-address.ts';
import { encryptionShown } from '../resources/stream-view.ts';
import { rateExceeded, recordsGranted } from '../limits/throughput.ts';
import { theStream } from '../resources/touched.ts';

const recordsMax = 500;
/** For data and partition keys together. */
const requestMiBMax = 10;

const resultEntry = namedStructure(
  {
    SequenceNumber: sequenceNumber,
    ShardId: shardId,
    ErrorCode: string(),
    ErrorMessage: string(),
  },
  'PutRecordsResultEntry',
);
type ResultEntry = ValueOf<typeof resultEntry>;

export const putRecords = defineAction({
  name: 'PutRecords',
  input: structure({
    Records: required(
      list(
        namedStructure(
          {
            PartitionKey: partitionKey,
            ExplicitHashKey: hashKey,
            Data: required(data),
          },
          'PutRecordsRequestEntry',
        ),
        { min: 1, max: recordsMax },
      ),
    ),
    ...streamAddress,
    DryRun: boolean(),
  }),
  output: structure({
    FailedRecordCount: integer(),
    Records: required(list(resultEntry)),
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
  bodyBytesMax: putBodyBytesMax,
  touches: theStream,
  async handle(request, context) {
    const stream = peekStreamToPut(request, context) ?? (await findStreamToPut(request, context));
    const { parts, route } = partsOf(stream, request.Records, context);
    assertSize(parts);
    if (request.DryRun === true) throw dryRun('PutRecords');
    const results = new Array<ResultEntry>(request.Records.length);
    refuseOnPurpose(stream, parts, results, context);
    refuseOverRate(stream, parts, results, context);
    const granted = parts.filter(({ records }) => records.length > 0);
    await namingTheStream(stream.name, context, () =>
      appendParts(stream, granted, route, results, context),
    );
    let failed = 0;
    for (const { ErrorCode } of results) if (ErrorCode !== undefined) failed += 1;
    context.tally.records += results.length - failed;
    return {
      FailedRecordCount: failed,
      Records: results,
      EncryptionType: encryptionShown(stream, context),
    };
  },
});

/** Errors: InvalidArgumentException. */
function assertSize(parts: readonly Part[]): void {
  let requestBytes = 0;
  for (const { bytes } of parts) requestBytes += bytes;
  if (requestBytes <= requestMiBMax * 1024 * 1024) return;
  throw invalidArgument(`Records size exceeds ${requestMiBMax} MB limit`);
}

/**
 * Reduces each part to the records that its shard accepts now, and sets the results of the others.
 */
function refuseOverRate(
  stream: Stream,
  parts: readonly Part[],
  results: ResultEntry[],
  context: KinesisContext,
): void {
  for (const { shard, records, places } of parts) {
    const granted = recordsGranted(stream, shard, records, context);
    if (granted === records.length) continue;
    const refused = throughputExceeded(stream, shard, context);
    for (let nth = granted; nth < places.length; nth++) results[places[nth]!] = refused;
    records.length = granted;
    places.length = granted;
  }
}

/** Removes single records if KINESKA_FAULTS injects faults. */
function refuseOnPurpose(
  stream: Stream,
  parts: readonly Part[],
  results: ResultEntry[],
  context: KinesisContext,
): void {
  const { limits } = context;
  if (!limits.faults.hasEntries) return;
  for (const { shard, records, places } of parts) {
    const refused = throughputExceeded(stream, shard, context);
    let kept = 0;
    for (const [nth, place] of [...places].entries()) {
      if (limits.faults.ofEntry()) {
        results[place] = refused;
        continue;
      }
      records[kept] = records[nth]!;
      places[kept] = place;
      kept++;
    }
    const faults = records.length - kept;
    records.length = kept;
    places.length = kept;
    if (faults > 0)
      limits.observer.injected('kinesis', 'PutRecords', refused.ErrorCode ?? '', faults);
  }
}

/**
 * Sets the results. Errors: the log's own if nothing at all was written, so that the whole request
 * fails and the client retries it by its own rules.
 */
async function appendParts(
  stream: Stream,
  parts: readonly Part[],
  route: Route,
  results: ResultEntry[],
  context: KinesisContext,
): Promise<void> {
  const written = await Promise.all(
    parts.map(({ shard, records, places }) =>
      context.writer.write(stream, shard, records, (now, nth) => route(now, places[nth]!)),
    ),
  );
  const firstError = written[0]?.error;
  if (firstError !== undefined && written.every(isNothing)) throw firstError;
  for (const [index, { shard, places }] of parts.entries()) {
    const part = written[index]!;
    const { offsets } = part;
    const ShardId = shardIdOf(shard.index);
    for (const [nth, place] of places.entries()) {
      const offset = offsets[nth];
      results[place] =
        offset === undefined
          ? entryOf(outcome(part, shard, nth, stream), shard, stream, context)
          : { SequenceNumber: printSequenceNumber(sequenceNumberOf(shard, offset)), ShardId };
    }
  }
}

function isNothing({ offsets, moved }: Written): boolean {
  return offsets.length === 0 && moved === undefined;
}

/** The result of a record that was not written. */
function entryOf(
  put: Placed | GatewayError,
  shard: Shard,
  stream: Stream,
  context: KinesisContext,
): ResultEntry {
  if (put instanceof GatewayError) return failure(put, shard, stream, context);
  return {
    SequenceNumber: printSequenceNumber(sequenceNumberOf(put.shard, put.offset)),
    ShardId: shardIdOf(put.shard.index),
  };
}

function failure(
  error: GatewayError,
  shard: Shard,
  stream: Stream,
  context: KinesisContext,
): ResultEntry {
  if (error.kind === 'throughput-exceeded') return throughputExceeded(stream, shard, context);
  const { logger } = context;
  logger.warn({ err: error, stream: stream.name, shard: shard.index }, 'records were not put');
  return { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' };
}

function throughputExceeded(
  stream: Stream,
  { index }: Shard,
  { account }: KinesisContext,
): ResultEntry {
  return {
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: rateExceeded(stream.name, index, account),
  };
}
