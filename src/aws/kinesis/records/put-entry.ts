/** Shared by PutRecord and PutRecords: the rules for one record, and the shard of its key. */
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
  /** Optional in streams that spread their records (AUTO). */
  readonly PartitionKey?: string | undefined;
  readonly ExplicitHashKey?: string | undefined;
};

export type KeyedEntry = PutEntry & { readonly PartitionKey: string };

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

export function isKeyed(entry: PutEntry): entry is KeyedEntry {
  return entry.PartitionKey !== undefined;
}

/**
 * `place`: the index of a PutRecords entry. Errors: that of oversized() for a record over the
 * stream's limit.
 */
export function recordOf(
  stream: Stream,
  { PartitionKey, Data: value }: PutEntry,
  place?: number,
): AppendRecord {
  const key = PartitionKey === undefined ? null : Buffer.from(PartitionKey);
  const keyBytes = key?.length ?? 0;
  const recordBytesMax = stream.recordKiBMax * 1024;
  if (keyBytes + value.length > recordBytesMax) {
    const path = place === undefined ? 'data' : `records.${place + 1}.member.data`;
    throw oversized(keyBytes, value.length, recordBytesMax, path);
  }
  return { key, value };
}

/** Errors: InvalidArgumentException for an explicit hash key out of range. */
export function shardOf(
  stream: Stream,
  { ExplicitHashKey: text, PartitionKey: key }: KeyedEntry,
): Shard {
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
