/**
 * Records as GetRecords returns them. A response may have 10,000 of them and 10 MiB, so its JSON is
 * written directly into one buffer instead of through a tree of values.
 */
import { printSequenceNumber, sequenceNumberOf } from '../../../domain/records/sequence-number.ts';
import { distributionOf, encryptionKeyAt } from '../../../domain/streams/stream-settings.ts';
import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import { dataOf, partitionKeyOf } from '../../../domain/records/visible-record.ts';
import type { LogRecord } from '../../../ports/record-log.ts';
import { LargeMemory } from '../../../runtime/memory/large-memory.ts';
import { PreparedBody } from '../../protocol/action.ts';
import type { record as recordShape } from '../shapes.ts';
import type { ValueOf } from '../../protocol/shape.ts';

export type RecordView = ValueOf<typeof recordShape>;

/** Whether a record with this arrival time is shown as encrypted; undefined if none is. */
export type EncryptedAt = ((timestampMs: number) => boolean) | undefined;

/** How the records of a stream are shown; the same for all of a response. */
export type RecordStyle = {
  readonly encrypted: EncryptedAt;
  /** Records without a key have no partition key; in other streams it is their offset. */
  readonly isKeyOptional: boolean;
};

export function recordStyleOf(stream: Stream): RecordStyle {
  return {
    encrypted: encryptedAt(stream),
    isKeyOptional: distributionOf(stream) === 'AUTO',
  };
}

/** Streams that were never encrypted, which are nearly all, are distinguished once per response. */
function encryptedAt(stream: Stream): EncryptedAt {
  if (stream.settings?.encryption === undefined) return undefined;
  return (timestampMs) => encryptionKeyAt(stream, timestampMs) !== undefined;
}

export function viewRecord(
  shard: Shard,
  { offset, timestampMs, key, value }: LogRecord,
  { encrypted, isKeyOptional }: RecordStyle,
): RecordView {
  return {
    SequenceNumber: printSequenceNumber(sequenceNumberOf(shard, offset)),
    // Producers may omit a record's timestamp, which is −1 in Kafka then.
    ApproximateArrivalTimestamp: timestampMs < 0 ? undefined : timestampMs,
    Data: dataOf(value),
    PartitionKey: key === null && isKeyOptional ? undefined : partitionKeyOf(key, offset),
    ...(encrypted?.(timestampMs) === true ? { EncryptionType: 'KMS' } : {}),
  };
}

/** `{"Records":[…],…rest}`, with the same result as the shape. */
export function recordsJson(
  shard: Shard,
  records: readonly LogRecord[],
  rest: Readonly<Record<string, unknown>>,
  style: RecordStyle,
): PreparedBody {
  const heads = new Array<string>(records.length);
  const tail = `],${JSON.stringify(rest).slice(1)}`;
  let size = opening.length + Buffer.byteLength(tail);
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!;
    const head = headOf(shard, record, style);
    heads[index] = head;
    size += head.length + base64Bytes(record.value?.length ?? 0) + closing.length + 1;
  }
  const isLarge = size >= largeBytesMin;
  const bytes = isLarge ? answerMemory.take(size) : Buffer.allocUnsafe(size);
  let position = bytes.write(opening, 0, 'latin1');
  for (let index = 0; index < records.length; index++) {
    if (index > 0) bytes[position++] = comma;
    position += bytes.write(heads[index]!, position, 'latin1');
    const { value } = records[index]!;
    if (value !== null) position += bytes.write(value.toString('base64'), position, 'latin1');
    position += bytes.write(closing, position, 'latin1');
  }
  position += bytes.write(tail, position);
  const release = isLarge ? () => answerMemory.giveBack(bytes) : undefined;
  return new PreparedBody(bytes.subarray(0, position), release);
}

const largeBytesMin = 512 * 1024;
/** A reader that catches up needs 14 MB for every call. */
const answerMemory = new LargeMemory({
  bytesMin: largeBytesMin,
  stepBytes: 4 * 1024 * 1024,
  spareBytesMax: 16 * 1024 * 1024,
});

const opening = '{"Records":[';
const closing = '"}';
const comma = 0x2c;

/** Everything of a record except its data; ASCII only. */
function headOf(
  shard: Shard,
  { offset, timestampMs, key }: LogRecord,
  { encrypted, isKeyOptional }: RecordStyle,
): string {
  const number = printSequenceNumber(sequenceNumberOf(shard, offset));
  const time = timestampMs < 0 ? '' : `"ApproximateArrivalTimestamp":${timestampMs / 1000},`;
  const kms = encrypted?.(timestampMs) === true ? '"EncryptionType":"KMS",' : '';
  if (key === null && isKeyOptional) return `{"SequenceNumber":"${number}",${time}${kms}"Data":"`;
  const partitionKey = asciiJson(partitionKeyOf(key, offset));
  return `{"SequenceNumber":"${number}",${time}${kms}"PartitionKey":${partitionKey},"Data":"`;
}

const plainText = /^[ !#-[\]-~]*$/;
const beyondAscii = /[\u007f-\uffff]/g;

/** A JSON string in ASCII, so that its length is its size. */
function asciiJson(text: string): string {
  if (plainText.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(
    beyondAscii,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function base64Bytes(size: number): number {
  return Math.ceil(size / 3) * 4;
}
