/** Shared by PutRecord and PutRecords: the rules for one record, and its shard. */
import type { AppendRecord } from '../../../ports/record-log.ts';
import { parseHashKey } from '../../../domain/streams/hash-key.ts';
import { shardForHashKey, shardForPartitionKey } from '../../../domain/streams/shard-routing.ts';
import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { invalidArgument, KinesisError, streamNotFound } from '../errors.ts';
import type { StreamAddress } from '../resources/stream-address.ts';
import { findStream, streamNameIn } from '../resources/stream-address.ts';

/**
 * Just over the largest legal request, a PutRecords: 10 MiB of data are 14 MB of base64, and 500
 * entries have keys and names around them.
 */
export const putBodyBytesMax = 16 * 1024 * 1024;

export type PutEntry = {
  readonly Data: Buffer;
  readonly PartitionKey: string;
  readonly ExplicitHashKey?: string | undefined;
};

/** A record to be written, and its shard. */
export type RoutedRecord = { readonly shard: Shard; readonly record: AppendRecord };

/** As findStreamToPut, but returns undefined instead of waiting. */
export function peekStreamToPut(
  address: StreamAddress,
  context: KinesisContext,
): Stream | undefined {
  const known = context.streams.peek(streamNameIn(address, context));
  return known !== undefined && isWritable(known) ? known : undefined;
}

/**
 * The stream to put into. Errors: as findStream; ResourceNotFoundException also if it is CREATING
 * or DELETING, because the put actions have no exception for a stream's state.
 */
export async function findStreamToPut(
  address: StreamAddress,
  context: KinesisContext,
): Promise<Stream> {
  const stream = await findStream(address, context);
  if (isWritable(stream)) return stream;
  const fresh = await findStream(address, context, 'fresh');
  if (isWritable(fresh)) return fresh;
  throw streamNotFound(stream.name, context.account);
}

function isWritable({ status }: Stream): boolean {
  return status === 'ACTIVE' || status === 'UPDATING';
}

/**
 * Errors: InvalidArgumentException for an explicit hash key out of range; the error of oversized()
 * for a record over the stream's limit. `path` is the path of the data in validation messages.
 */
export function routeEntry(stream: Stream, entry: PutEntry, path: string): RoutedRecord {
  const key = Buffer.from(entry.PartitionKey);
  const value = entry.Data;
  const recordBytesMax = stream.recordKiBMax * 1024;
  if (key.length + value.length > recordBytesMax) {
    throw oversized(key.length, value.length, recordBytesMax, path);
  }
  return { shard: shardOf(stream, entry), record: { key, value } };
}

function shardOf(stream: Stream, { ExplicitHashKey: text, PartitionKey: key }: PutEntry): Shard {
  if (text === undefined) return shardForPartitionKey(stream, key);
  const hashKey = parseHashKey(text);
  if (hashKey !== undefined) return shardForHashKey(stream, hashKey);
  throw invalidArgument(
    'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. ' +
      `Specified value was ${text}`,
  );
}

/**
 * AWS refuses data over the stream's own limit with the same error as a violated constraint of the
 * shape.
 */
function oversized(
  keyBytes: number,
  dataBytes: number,
  recordBytesMax: number,
  path: string,
): KinesisError {
  if (dataBytes > recordBytesMax) {
    return new KinesisError(
      'ValidationException',
      `1 validation error detected: Value at '${path}' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${recordBytesMax}`,
    );
  }
  return invalidArgument(
    `Record size of ${keyBytes + dataBytes} bytes, with the partition key, exceeds the limit ` +
      `of ${recordBytesMax} bytes`,
  );
}
