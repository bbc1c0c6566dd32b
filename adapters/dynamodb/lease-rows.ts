/**
 * Converts leases to rows of KCL's lease table and back: names and types as KCL writes them, and
 * four attributes of the gateway, which KCL ignores. Pure.
 *
 * | own attribute       | type | holds                                                      |
 * |---------------------|------|------------------------------------------------------------|
 * | `kineskaStream`     | S    | the stream, `:`, its creation second: KCL does not tell it  |
 * | `kineskaCheckpoint` | S    | the checkpoint that was seen last, `/`, its sub-sequence    |
 * | `kineskaPosition`   | N    | the next record to read at that checkpoint; −1 for none,    |
 * |                     |      | other negative offsets as they were committed               |
 * | `kineskaCommitted`  | N    | what the group's coordinator had then; −1 for none          |
 *
 * Source: the lease table of the Amazon Kinesis Client Library, 1.x to 3.5.
 */
import type { AttributeValue } from './database.ts';
import type {
  Checkpoint,
  Lease,
  NewLease,
  Seen,
  StreamOrigin,
} from '../../src/domain/leases/leases.ts';
import { toOffset } from '../../src/domain/streams/stream.ts';

export type LeaseRow = Readonly<Record<string, AttributeValue>>;

/**
 * KCL 3.5 stores other things in the same table; rows without a type are leases of earlier
 * versions.
 */
const leaseEntity = 'LEASE';

/** Undefined for a row that is not a lease. */
export function leaseOf(row: LeaseRow): Lease | undefined {
  const key = row['leaseKey']?.S;
  const sequenceNumber = row['checkpoint']?.S;
  const entityType = row['entityType']?.S ?? leaseEntity;
  if (key === undefined || sequenceNumber === undefined || entityType !== leaseEntity) {
    return undefined;
  }
  const owner = row['leaseOwner']?.S;
  const checkpointOwner = row['checkpointOwner']?.S;
  const stream = parseOrigin(row['kineskaStream']?.S ?? '');
  const seen = seenOf(row);
  return {
    key,
    checkpoint: { sequenceNumber, subSequenceNumber: numberIn(row, 'checkpointSubSequenceNumber') },
    counter: numberIn(row, 'leaseCounter'),
    ...(owner === undefined ? {} : { owner }),
    ...(checkpointOwner === undefined ? {} : { checkpointOwner }),
    ...(stream === undefined ? {} : { stream }),
    ...(seen === undefined ? {} : { seen }),
  };
}

/** The worker whose metrics the row holds; in a lease table, the row's key names it. */
export function workerOf(row: LeaseRow): string | undefined {
  return row['wid']?.S ?? row['leaseKey']?.S;
}

function numberIn(row: LeaseRow, name: string): number {
  return Number(row[name]?.N ?? 0);
}

function seenOf(row: LeaseRow): Seen | undefined {
  const checkpoint = parseSeenCheckpoint(row['kineskaCheckpoint']?.S ?? '');
  const position = row['kineskaPosition']?.N;
  const committed = row['kineskaCommitted']?.N;
  if (checkpoint === undefined || !isWhole(position) || !isWhole(committed)) return undefined;
  return {
    checkpoint,
    position: toOffset(BigInt(position)),
    committed: toOffset(BigInt(committed)),
  };
}

/** In rows that others have written, DynamoDB's numbers may have fractions and exponents. */
function isWhole(text: string | undefined): text is string {
  return text !== undefined && /^-?\d+$/.test(text);
}

function parseSeenCheckpoint(text: string): Checkpoint | undefined {
  const [, sequenceNumber, subSequenceNumber] = /^([^/]+)\/(\d+)$/.exec(text) ?? [];
  if (sequenceNumber === undefined) return undefined;
  return { sequenceNumber, subSequenceNumber: Number(subSequenceNumber) };
}

function parseOrigin(text: string): StreamOrigin | undefined {
  const [, name, seconds] = /^([^:]+):(\d+)$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, createdAtSeconds: Number(seconds) };
}

/** The gateway's own attributes. */
export function seenAttributes(seen: Seen, stream: StreamOrigin): LeaseRow {
  const { sequenceNumber, subSequenceNumber } = seen.checkpoint;
  return {
    kineskaStream: nameOf(stream),
    kineskaCheckpoint: { S: `${sequenceNumber}/${subSequenceNumber}` },
    kineskaPosition: { N: String(seen.position) },
    kineskaCommitted: { N: String(seen.committed) },
  };
}

export function checkpointAttributes({ sequenceNumber, subSequenceNumber }: Checkpoint): LeaseRow {
  return {
    checkpoint: { S: sequenceNumber },
    checkpointSubSequenceNumber: { N: String(subSequenceNumber) },
  };
}

export function rowOf(lease: NewLease): LeaseRow {
  const { multiStream, parentShardIds, childShardIds } = lease;
  return {
    leaseKey: { S: lease.key },
    leaseCounter: { N: '0' },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    ...checkpointAttributes(lease.checkpoint),
    // DynamoDB has no empty sets; KCL omits the attribute.
    ...(parentShardIds.length > 0 ? { parentShardId: { SS: [...parentShardIds] } } : {}),
    ...(childShardIds.length > 0 ? { childShardIds: { SS: [...childShardIds] } } : {}),
    startingHashKey: { S: lease.startingHashKey },
    endingHashKey: { S: lease.endingHashKey },
    ...(multiStream === undefined
      ? {}
      : {
          streamName: { S: multiStream.streamIdentifier },
          shardId: { S: multiStream.shardId },
        }),
    entityType: { S: leaseEntity },
    ...seenAttributes(lease.seen, lease.stream),
  };
}

/** A condition for a change: the gateway's attributes in the row are still those that were read. */
export function isAsRead(lease: Lease): UpdateParts {
  const { checkpoint, seen } = lease;
  const values = {
    ':asReadCheckpoint': { S: checkpoint.sequenceNumber },
    ':asReadSub': { N: String(checkpoint.subSequenceNumber) },
  };
  const condition =
    'checkpoint = :asReadCheckpoint AND ' +
    '(checkpointSubSequenceNumber = :asReadSub OR ' +
    'attribute_not_exists(checkpointSubSequenceNumber))';
  if (seen === undefined) {
    return { expression: `${condition} AND attribute_not_exists(kineskaCheckpoint)`, values };
  }
  return {
    expression: `${condition} AND kineskaCommitted = :asReadCommitted`,
    values: { ...values, ':asReadCommitted': { N: String(seen.committed) } },
  };
}

/** A condition for a change: the row still names the stream that it named when it was read. */
export function isOfStream({ stream }: Lease): UpdateParts {
  if (stream === undefined) {
    return { expression: 'attribute_not_exists(kineskaStream)', values: {} };
  }
  return {
    expression: 'kineskaStream = :asReadStream',
    values: { ':asReadStream': nameOf(stream) },
  };
}

function nameOf({ name, createdAtSeconds }: StreamOrigin): AttributeValue {
  return { S: `${name}:${createdAtSeconds}` };
}

export type UpdateParts = {
  readonly expression: string;
  readonly values: Readonly<Record<string, AttributeValue>>;
};

/** An update expression that sets single attributes and leaves the others unchanged. */
export function setting(attributes: LeaseRow): UpdateParts {
  const names = Object.keys(attributes);
  return {
    expression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
    values: Object.fromEntries(names.map((name) => [`:${name}`, attributes[name]!])),
  };
}
