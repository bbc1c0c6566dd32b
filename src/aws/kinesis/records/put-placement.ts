/**
 * The shards of the records of a put: by their keys, or, in streams that spread their records
 * (AUTO), by turns. PutRecords groups its records by shard.
 */
import { distributionOf } from '../../../domain/streams/stream-settings.ts';
import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import type { HasRoom } from '../../../domain/streams/spread-turns.ts';
import type { AppendRecord } from '../../../ports/record-log.ts';
import type { Route } from '../../../streams/writer.ts';
import { complain, violationsMessage } from '../../protocol/constraints.ts';
import type { KinesisContext } from '../action.ts';
import { type KinesisError, validationFailed } from '../errors.ts';
import { isKeyed, type KeyedEntry, type PutEntry, recordOf, shardOf } from './put-entry.ts';

/** The records of one shard, with their indexes in the request. */
export type Part = {
  readonly shard: Shard;
  readonly records: AppendRecord[];
  readonly places: number[];
  /** The size of data and keys of all records that were placed here. */
  bytes: number;
};

export type Parts = {
  readonly parts: readonly Part[];
  /** The shard of the entry with that index, in a later view of the stream. */
  readonly route: Route;
};

export type Placement = {
  /** The shard of the record, whose data and key have this size. */
  readonly shardFor: (bytes: number) => Shard;
  /** Its shard in a later view of the stream. */
  readonly route: Route;
};

type Context = Pick<KinesisContext, 'writer' | 'limits'>;

/** Of AUTO streams, whatever keys the entries have. */
export function isSpread(stream: Stream): boolean {
  return distributionOf(stream) === 'AUTO';
}

/** For PutRecord. Errors: ValidationException if the entry has no key, although it needs one. */
export function placementOf(stream: Stream, entry: PutEntry, context: Context): Placement {
  if (isSpread(stream)) {
    const { turns } = context.writer;
    const { shards } = context.limits;
    const hasRoom: HasRoom | undefined =
      shards && (({ index }, bytes) => shards.hasRoom(stream, index, bytes));
    const spread = turns.begin(stream, hasRoom);
    return { shardFor: (bytes) => spread.shardFor(bytes), route: turns.again() };
  }
  if (!isKeyed(entry)) throw keysMissing(['partitionKey']);
  return {
    shardFor: () => shardOf(stream, entry),
    route: (now) => shardOf(now, entry),
  };
}

/**
 * For PutRecords: one invalid entry refuses the whole request, before anything is written. Errors:
 * ValidationException if entries have no keys, although they need some; as recordOf and shardOf.
 */
export function partsOf(stream: Stream, entries: readonly PutEntry[], context: Context): Parts {
  const parts = new Map<number, Part>();
  if (isSpread(stream)) {
    const { turns } = context.writer;
    const { shards } = context.limits;
    const hasRoom: HasRoom | undefined =
      shards &&
      (({ index }, bytes) => {
        const part = parts.get(index);
        return shards.hasRoom(stream, index, bytes, part?.bytes, part?.records.length);
      });
    const spread = turns.begin(stream, hasRoom);
    group(stream, entries, (_entry, bytes) => spread.shardFor(bytes), parts);
    return { parts: [...parts.values()], route: turns.again() };
  }
  assertKeyed(entries);
  group(stream, entries, (entry) => shardOf(stream, entry), parts);
  return {
    parts: [...parts.values()],
    route: (now, place) => shardOf(now, entries[place]!),
  };
}

function group<E extends PutEntry>(
  stream: Stream,
  entries: readonly E[],
  shardFor: (entry: E, bytes: number) => Shard,
  parts: Map<number, Part>,
): void {
  for (let place = 0; place < entries.length; place++) {
    const entry = entries[place]!;
    const record = recordOf(stream, entry, place);
    const bytes = (record.key?.length ?? 0) + entry.Data.length;
    const shard = shardFor(entry, bytes);
    let part = parts.get(shard.index);
    if (part === undefined) {
      part = { shard, records: [], places: [], bytes: 0 };
      parts.set(shard.index, part);
    }
    part.records.push(record);
    part.places.push(place);
    part.bytes += bytes;
  }
}

function assertKeyed(entries: readonly PutEntry[]): asserts entries is readonly KeyedEntry[] {
  if (entries.every(isKeyed)) return;
  const paths = entries.flatMap((entry, place) =>
    isKeyed(entry) ? [] : [`records.${place + 1}.member.partitionKey`],
  );
  throw keysMissing(paths);
}

/** The same as for a member that is required whatever the stream. */
function keysMissing(paths: readonly string[]): KinesisError {
  const found: string[] = [];
  for (const path of paths) complain(found, path, null, 'Member must not be null');
  return validationFailed(violationsMessage(found));
}
